package eop

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalQuery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, want string }{
		"empty":                           {"", ""},
		"sorted":                          {"a=1&b=2", "a=1&b=2"},
		"unsorted":                        {"b=2&a=1", "a=1&b=2"},
		"one key twice keeps its order":   {"a=2&b=0&a=1", "a=2&a=1&b=0"},
		"capitals sort before small ones": {"a=1&B=2", "B=2&a=1"},
		"no value":                        {"a", "a="},
		"empty value":                     {"a=", "a="},
		"empty key":                       {"=1", "=1"},
		"empty pairs":                     {"&a=1&&b=2&", "a=1&b=2"},
		"equals sign in a value":          {"a=b=c", "a=b%3Dc"},
		"space as plus":                   {"a=two+words", "a=two%20words"},
		"space":                           {"a=two%20words", "a=two%20words"},
		"plus":                            {"a=1%2B1", "a=1%2B1"},
		"lower-case digits":               {"a=%2b", "a=%2B"},
		"escaped without need":            {"a=%41%7e", "a=A~"},
		"unreserved":                      {"a=-_.~", "a=-_.~"},
		"reserved":                        {"a=!*'()", "a=%21%2A%27%28%29"},
		"Chinese":                         {"a=华东", "a=%E5%8D%8E%E4%B8%9C"},
		"Chinese key":                     {"华=1&a=2", "a=2&%E5%8D%8E=1"},
		"escaped key sorts unescaped":     {"%7A=1&a=2", "a=2&z=1"},
		"not UTF-8":                       {"a=\xff", "a=%FF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := CanonicalQuery(c.raw)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := CanonicalQuery(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestCanonicalQueryRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, problem string }{
		"a semicolon":         {"a=1;b=2", "a semicolon does not separate parameters"},
		"half an escape":      {"a=%4", `invalid URL escape "%4"`},
		"an escape of no hex": {"a=%zz", `invalid URL escape "%zz"`},
		"a key that is cut":   {"%=1", `invalid URL escape "%"`},
		"too many parameters": {"a" + strings.Repeat("&", maxParameters), "more than 10000 parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := CanonicalQuery(c.raw)
			require.EqualError(t, err, c.problem)
		})
	}
}

func TestEncodeValues(t *testing.T) {
	t.Parallel()
	require.Empty(t, EncodeValues(nil))
	values := url.Values{"b": {"2", "1"}, "a": {"two words"}, "none": {}, "": {""}}
	require.Equal(t, "=&a=two%20words&b=2&b=1", EncodeValues(values))
}

func TestAppendEscapedAppends(t *testing.T) {
	t.Parallel()
	require.Equal(t, "q=%20%2F~", string(AppendEscaped([]byte("q="), " /~")))
	require.Equal(t, "q=", string(AppendEscaped([]byte("q="), "")))
}

// FuzzCanonicalQuery holds that a query is what net/url would write, but for the space, and that a
// canonical one stays as it is.
func FuzzCanonicalQuery(f *testing.F) {
	for _, query := range []string{
		"", "a=1", "a=1&b=2", "b=1&a=2", "a=2&a=1", "a", "a=", "=", "=1", "&", "a=1&", "&a=1", "a=b=c", "a=b%3Dc", "a=+", "a=%20", "a=%2b", "a=%2B", "a=%41",
		"a=%", "a=%4", "a=%G0", "%61=1", "%20=1&!=2", "a=~&B=_&c=-.", "a=%E4%BD%A0", "a=\xff", "a=1;b=2", "a%3D=1", "é=1", "a=%C3%A9&a%20=1&a=2", "%C3%A9=1&a=2", "a=1&%C3%A9=2",
		"a" + strings.Repeat("&", maxParameters-1), "a" + strings.Repeat("&", maxParameters),
		"b=0&a=9&a=8&a=7&a=6&a=5&a=4&a=3&a=2&a=1&a=0&a=z&a=y&a=x&a=w&a=v&a=u&a=t&a=s&a=r&a=q&a=p",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := CanonicalQuery(query)
		values, wantErr := url.ParseQuery(query)
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", wantErr, err)
		if err != nil {
			return
		}
		require.Equal(t, strings.ReplaceAll(values.Encode(), "+", "%20"), got)
		require.Equal(t, got, EncodeValues(values))
		again, err := CanonicalQuery(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

// FuzzAppendEscaped holds that a text is escaped as net/url does, but for the space, and that what
// is escaped is known as such, and nothing else is.
func FuzzAppendEscaped(f *testing.F) {
	for _, text := range []string{"", "plain-_.~", "two words", "%", "%4", "%41", "%2F", "%2f", "华东", "\xff\x00", "+&=;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		escaped := string(AppendEscaped(nil, text))
		require.Equal(t, strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), escaped)
		require.True(t, isEscaped(escaped))
		unescaped, err := url.PathUnescape(text)
		require.Equal(t, err == nil && string(AppendEscaped(nil, unescaped)) == text, isEscaped(text))
	})
}
