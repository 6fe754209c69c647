// Package lang has the texts of the tool in English and Chinese.
package lang

import (
	"fmt"
	"strings"
)

// Lang is a language.
type Lang string

// The languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Parse reads the name of a language: "zh", "zh-CN", "en_US.UTF-8".
func Parse(name string) (Lang, bool) {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	name, _, _ = strings.Cut(strings.ReplaceAll(name, "_", "-"), "-")
	switch name {
	case "zh", "chinese", "中文":
		return Chinese, true
	case "en", "english":
		return English, true
	}
	return English, false
}

// Locale returns the language of an environment.
func Locale(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			l, _ := Parse(value)
			return l
		}
	}
	return English
}

// T translates an English text. Text without a translation, such as an unknown state of the service, is
// returned unchanged.
func (l Lang) T(text string) string {
	if l == Chinese {
		if said, ok := chinese[text]; ok {
			return said
		}
	}
	return text
}

// F translates a format and fills it in. A Chinese format can use another order: %[2]s.
func (l Lang) F(format string, args ...any) string { return fmt.Sprintf(l.T(format), args...) }

// Count returns a number with a noun, which is given in English in the singular.
func (l Lang) Count(n int, what string) string {
	if n != 1 {
		what += "s"
		if what == "copys" {
			what = "copies"
		}
	}
	return fmt.Sprintf(l.T("%d "+what), n)
}

// Translated reports whether a text has a Chinese translation.
func Translated(text string) bool {
	_, ok := chinese[text]
	return ok
}
