package ctcbr

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRetentionInWords(t *testing.T) {
	t.Parallel()
	ladder := func(l *RetentionLadder) Retention {
		return Retention{Unit: RetainDays, Value: Ptr(30), HasLadder: Ptr(true), Ladder: l}
	}
	for name, c := range map[string]struct {
		retention Retention
		want      string
	}{
		"a day":               {KeepDays(1), "1 day"},
		"days":                {KeepDays(30), "30 days"},
		"weeks":               {KeepWeeks(2), "2 weeks"},
		"months":              {KeepMonths(6), "6 months"},
		"a year":              {KeepYears(1), "1 year"},
		"for ever":            {KeepForever(), "for ever"},
		"full ladder":         {KeepDays(30).WithLadder(7, 4, 12, 3), "30 days, and on top 7 daily, 4 weekly, 12 monthly and 3 yearly copies"},
		"ladder with gaps":    {KeepDays(30).WithLadder(7, 0, 12, 0), "30 days, and on top 7 daily and 12 monthly copies"},
		"ladder of one kind":  {ladder(&RetentionLadder{Months: Ptr(12)}), "30 days, and on top 12 monthly copies"},
		"ladder of one":       {KeepDays(30).WithLadder(0, 1, 0, 0), "30 days, and on top 1 weekly copy"},
		"ladder of nothing":   {KeepDays(30).WithLadder(0, 0, 0, 0), "30 days, and on top no copies"},
		"ladder missing":      {ladder(nil), "30 days, and on top no copies"},
		"ladder empty":        {ladder(&RetentionLadder{}), "30 days, and on top no copies"},
		"ladder off":          {Retention{Unit: RetainDays, Value: Ptr(30), HasLadder: Ptr(false), Ladder: &RetentionLadder{Days: Ptr(7)}}, "30 days"},
		"ladder not on":       {Retention{Unit: RetainDays, Value: Ptr(30), Ladder: &RetentionLadder{Days: Ptr(7)}}, "30 days"},
		"zero":                {Retention{}, "no retention"},
		"no unit":             {Retention{Value: Ptr(3)}, "invalid retention: type is required"},
		"no value":            {Retention{Unit: RetainWeeks}, "invalid retention: value is required"},
		"value of zero":       {KeepDays(0), "invalid retention: value must be 1 to 2147483647, is 0"},
		"negative ladder":     {KeepDays(30).WithLadder(7, -4, 0, 0), "invalid retention: conf.week must be 0 to 2147483647, is -4"},
		"undocumented unit":   {Retention{Unit: 7, Value: Ptr(3)}, "3 of unit 7, which is not documented"},
		"undocumented, alone": {Retention{Unit: -4}, "by type -4, which is not documented"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.retention.String())
		})
	}
}

func TestRetentionEqual(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b Retention
		want bool
	}{
		"same":                        {KeepDays(30), KeepDays(30), true},
		"other value":                 {KeepDays(30), KeepDays(31), false},
		"other unit":                  {KeepDays(30), KeepWeeks(30), false},
		"no value":                    {KeepDays(30), Retention{Unit: RetainDays}, false},
		"for ever, with a value":      {KeepForever(), Retention{Unit: RetainForever, Value: Ptr(0)}, true},
		"same ladder":                 {KeepDays(30).WithLadder(7, 4, 12, 3), KeepDays(30).WithLadder(7, 4, 12, 3), true},
		"other ladder":                {KeepDays(30).WithLadder(7, 4, 12, 3), KeepDays(30).WithLadder(7, 4, 12, 4), false},
		"no ladder":                   {KeepDays(30).WithLadder(7, 4, 12, 3), KeepDays(30), false},
		"ladder said to be off":       {Retention{Unit: RetainDays, Value: Ptr(30), HasLadder: Ptr(false), Ladder: &RetentionLadder{Days: Ptr(0)}}, KeepDays(30), true},
		"kind of copies not given":    {Retention{Unit: RetainDays, Value: Ptr(30), HasLadder: Ptr(true), Ladder: &RetentionLadder{Days: Ptr(7)}}, KeepDays(30).WithLadder(7, 0, 0, 0), true},
		"ladder on, but not given":    {Retention{Unit: RetainDays, Value: Ptr(30), HasLadder: Ptr(true)}, KeepDays(30), false},
		"zero values":                 {Retention{}, Retention{}, true},
		"zero and something":          {Retention{}, KeepDays(1), false},
		"ladder of another's pointer": {KeepDays(30).WithLadder(7, 4, 12, 3), KeepDays(31).WithLadder(7, 4, 12, 3), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.a.Equal(c.b))
			require.Equal(t, c.want, c.b.Equal(c.a))
		})
	}
}

func TestWithLadderSharesNothing(t *testing.T) {
	t.Parallel()
	base := KeepDays(30).WithLadder(1, 1, 1, 1)
	more := base.WithLadder(7, 4, 12, 3)
	*more.Value, *more.HasLadder, *more.Ladder.Days = 60, false, 8
	require.Equal(t, KeepDays(30).WithLadder(1, 1, 1, 1), base)
}

func TestLadderIsChecked(t *testing.T) {
	t.Parallel()
	c := benchClient(t, inMemory(`{"statusCode":800,"returnObj":{"status":"success"}}`))
	for name, given := range map[string]struct {
		retention Retention
		faults    []Fault
	}{
		"out of range": {KeepDays(0).WithLadder(-1, 0, 0, -2), []Fault{
			{"Retention.Value", "backupRetentionInfo.value", "must be 1 to 2147483647, is 0"},
			{"Retention.Ladder.Days", "backupRetentionInfo.conf.day", "must be 0 to 2147483647, is -1"},
			{"Retention.Ladder.Years", "backupRetentionInfo.conf.year", "must be 0 to 2147483647, is -2"},
		}},
		"in range": {retention: KeepForever().WithLadder(0, 0, 0, 0)},
		"none":     {Retention{}, []Fault{{"Retention", "backupRetentionInfo", "is required"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Plans.Create(t.Context(), &CreatePlanRequest{
				RegionID: "region", Name: "plan", HostID: "host", StorageID: "vault", DirectType: Ptr(DirectAll), Schedule: Daily(0), Retention: given.retention,
			})
			if given.faults == nil {
				require.NoError(t, err)
				return
			}
			var invalid *ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, given.faults, invalid.Faults)
		})
	}
}

func TestRetentionOnTheWire(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retention Retention
		wire      string
	}{
		"days":       {KeepDays(30), `{"type":1,"value":30}`},
		"for ever":   {KeepForever(), `{"type":-1}`},
		"ladder":     {KeepWeeks(4).WithLadder(7, 0, 12, 3), `{"type":2,"value":4,"hasConf":true,"conf":{"day":7,"week":0,"month":12,"year":3}}`},
		"ladder off": {Retention{Unit: RetainYears, Value: Ptr(1), HasLadder: Ptr(false)}, `{"type":4,"value":1,"hasConf":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, err := json.Marshal(c.retention)
			require.NoError(t, err)
			require.JSONEq(t, c.wire, string(wire))
			var back Retention
			require.NoError(t, json.Unmarshal(wire, &back))
			require.Equal(t, c.retention, back)
		})
	}
}

func randomRetention(r *rand.Rand) Retention {
	n := 1 + r.IntN(400)
	kept := []Retention{KeepForever(), KeepDays(n), KeepWeeks(n), KeepMonths(n), KeepYears(n)}[r.IntN(5)]
	switch r.IntN(4) {
	case 0:
		kept.HasLadder = Ptr(false)
	case 1:
		return kept.WithLadder(r.IntN(10), r.IntN(10), r.IntN(10), r.IntN(10))
	case 2:
		kept.HasLadder = Ptr(true)
		kept.Ladder = &RetentionLadder{Days: maybe(r), Weeks: maybe(r), Months: maybe(r), Years: maybe(r)}
	}
	return kept
}

func maybe(r *rand.Rand) *int {
	if r.IntN(2) == 0 {
		return nil
	}
	return Ptr(r.IntN(10))
}
