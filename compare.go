package ctcbr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// verdict is the result of comparing a part of a listed plan with its declaration.
type verdict int

const (
	partSame    verdict = iota
	partUnclear         // the listed plan lacks it, or has it in an undocumented form
	partDiffers
)

// sameIf returns partSame or partDiffers.
func sameIf(equal bool) verdict {
	if equal {
		return partSame
	}
	return partDiffers
}

// compare returns the parts of a listed plan that differ from the declaration, and those that cannot be
// compared. An unclear part never counts as a difference.
func (r *CreatePlanRequest) compare(p *Plan) (differing, unclear []Difference) {
	stored := p.Raw
	if stored == nil {
		stored = &StoredPlan{}
	}
	none := p.Raw == nil // optional parts are not listed
	parts := []struct {
		field     string
		verdict   verdict
		want, was string
	}{
		{"StorageID", orDoubt(partSame, p.StorageID == ""), r.StorageID, "not listed"},
		{"Files", orDoubt(compareFiles(r.DirectType, r.Files, p), none), selectionWords(r.DirectType, r.Files), storedFilesWords(p)},
		{"DirectType", compareDirectType(r.DirectType, stored.Files), directTypeWords(r.DirectType), "not listed"},
		{"Schedule", compareSchedule(r.Schedule, stored.Schedule), r.Schedule.String(), stored.Schedule.String()},
		{"Retention", compareRetention(r.Retention, stored.Retention), r.Retention.String(), deref(stored.Retention).String()},
		{"Full", orDoubt(compareFull(r.Full, stored.Full), none), r.Full.words(), stored.Full.words()},
		{"Limits", orDoubt(compareLimits(r.Limits, stored.Limits), none), r.Limits.String(), stored.Limits.String()},
	}
	for _, piece := range parts {
		difference := Difference{piece.field, piece.want, piece.was}
		switch piece.verdict {
		case partDiffers:
			differing = append(differing, difference)
		case partUnclear:
			unclear = append(unclear, difference)
		}
	}
	return differing, unclear
}

func orDoubt(v verdict, doubt bool) verdict {
	if doubt {
		return partUnclear
	}
	return v
}

// compareSchedule compares schedules to the hour, which is the precision of a request.
func compareSchedule(want Schedule, stored *StoredSchedule) verdict {
	have := stored.Schedule()
	if want.Equal(have) {
		return partSame
	}
	if !have.documented() {
		return partUnclear
	}
	if *have.Rule == deref(want.Rule) && have.fault() != "" { // the rule is known, the times are not
		return partUnclear
	}
	return partDiffers
}

func (s Schedule) documented() bool {
	return s.Rule != nil && *s.Rule >= ScheduleHourly && *s.Rule <= ScheduleMonthly
}

func compareRetention(want Retention, stored *Retention) verdict {
	if stored == nil {
		return partUnclear
	}
	return max(compareKept(want, *stored), compareLadder(want.ladder(), *stored))
}

// compareKept compares how long copies are kept.
func compareKept(want, stored Retention) verdict {
	switch {
	case stored.Unit != want.Unit:
		return orDoubt(partDiffers, !stored.Unit.documented())
	case want.Unit == RetainForever:
		return partSame
	case deref(stored.Value) <= 0:
		return partUnclear
	}
	return sameIf(samePtr(want.Value, stored.Value))
}

func (u RetentionUnit) documented() bool {
	return u == RetainForever || u >= RetainDays && u <= RetainYears
}

// ladder returns how many daily, weekly, monthly and yearly copies the retention keeps in addition.
func (r Retention) ladder() [4]int {
	if !deref(r.HasLadder) {
		return [4]int{}
	}
	return deref(r.Ladder).counts()
}

func compareLadder(want [4]int, stored Retention) verdict {
	counts := deref(stored.Ladder).counts()
	switch {
	case stored.HasLadder == nil && counts != [4]int{}, deref(stored.HasLadder) && stored.Ladder == nil:
		return partUnclear
	}
	return sameIf(want == stored.ladder())
}

// on reports whether the plan makes periodic full backups.
func (f *FullBackup) on() bool { return f != nil && deref(f.Mode) != 0 }

func (f *FullBackup) words() string {
	switch {
	case f == nil, f.Mode == nil && f.Increments == nil, f.Mode != nil && *f.Mode == 0:
		return "no periodic full backups"
	case f.Mode == nil:
		return fmt.Sprintf("%d incremental backups between full ones, without a mode", *f.Increments)
	case *f.Mode != 1:
		return fmt.Sprintf("full backups by mode %d, which is not documented", *f.Mode)
	case f.Increments == nil:
		return "periodic full backups"
	}
	return fmt.Sprintf("a full backup after every %d incremental ones", *f.Increments)
}

func compareFull(want, stored *FullBackup) verdict {
	switch {
	case stored != nil && stored.Mode == nil:
		return orDoubt(partSame, stored.Increments != nil || want.on())
	case !stored.on():
		return sameIf(!want.on())
	case *stored.Mode != 1 && !samePtr(stored.Mode, deref(want).Mode):
		return partUnclear
	case !want.on() || *want.Mode != *stored.Mode:
		return partDiffers
	case want.Increments == nil: // the declaration leaves the number to the service
		return partSame
	case stored.Increments == nil:
		return partUnclear
	}
	return sameIf(*want.Increments == *stored.Increments)
}

func compareLimits(want, stored *UploadLimits) verdict {
	var v validation
	switch {
	case stored == nil, stored.Enabled != nil && !*stored.Enabled:
		return sameIf(!want.apply())
	case stored.Enabled == nil:
		return orDoubt(sameIf(!want.apply()), len(stored.Windows) > 0)
	case stored.Windows == nil:
		return partUnclear
	}
	for _, w := range stored.Windows {
		w.check(&v, "")
	}
	return orDoubt(sameIf(want.Equal(stored)), len(v.faults) > 0)
}

// compareDirectType returns partUnclear for a plan with a rule for files. Whether the rule applies
// depends on the DirectType, which no list contains.
func compareDirectType(want *DirectType, stored *FileSelection) verdict {
	ruled := deref(deref(stored).Rule) != FilesAll
	return orDoubt(partSame, ruled && deref(want) != DirectAll)
}

// compareFiles compares what is backed up. A selection of all directories may be listed as none, as
// "/", or as the drives of the host.
func compareFiles(direct *DirectType, want *FileSelection, p *Plan) verdict {
	var stored FileSelection
	if p.Raw != nil {
		stored = deref(p.Raw.Files)
	}
	everything := direct != nil && *direct == DirectAll || allRoots(deref(want).Dirs, isRoot)
	switch {
	case len(stored.Dirs) == 0 && (len(stored.Files) > 0 || namesDirs(p.Dirs)):
		return partUnclear
	case len(stored.Dirs) == 0 && !everything:
		return orDoubt(partDiffers, strings.TrimSpace(p.Dirs) == "")
	case everything && len(stored.Dirs) > 0 && !allRoots(stored.Dirs, isAnyRoot):
		return partDiffers
	case everything && len(stored.Dirs) > 0 && !allRoots(stored.Dirs, isRoot) && !samePaths(deref(want).Dirs, stored.Dirs):
		return partUnclear // all drives of the host, or only some
	case !everything && !samePaths(want.Dirs, stored.Dirs):
		return partDiffers
	}
	return compareRule(direct, want, stored)
}

// compareRule compares which files of the directories are backed up.
func compareRule(direct *DirectType, want *FileSelection, stored FileSelection) verdict {
	wanted := FilesAll
	if direct != nil && *direct == DirectAdvanced {
		wanted = deref(deref(want).Rule)
	}
	rule := deref(stored.Rule)
	asSent := want != nil && deref(want.Rule) == rule && samePaths(want.Files, stored.Files) && *direct != DirectAll
	switch {
	case asSent:
		return partSame
	case rule < FilesAll || rule > FilesExclude, stored.Rule == nil && len(stored.Files) > 0:
		return partUnclear
	case rule != wanted:
		return partDiffers
	}
	return sameIf(rule == FilesAll || samePaths(want.Files, stored.Files))
}

func allRoots(dirs []string, root func(string) bool) bool {
	return len(dirs) > 0 && !slices.ContainsFunc(dirs, func(dir string) bool { return !root(dir) })
}

func isRoot(dir string) bool { return strings.Trim(strings.TrimSpace(dir), "/") == "" }

// isAnyRoot reports whether a directory is "/" or a drive.
func isAnyRoot(dir string) bool {
	key := pathKey(strings.TrimSpace(dir))
	return isRoot(dir) || isDrive(key) && len(strings.TrimRight(key, `\`)) == 2
}

// isDrive reports whether a path begins with a Windows drive.
func isDrive(path string) bool {
	return len(path) >= 2 && path[1] == ':' && 'a' <= path[0]|0x20 && path[0]|0x20 <= 'z'
}

// namesDirs reports whether the text of a plan's directories names particular ones.
func namesDirs(text string) bool {
	return slices.ContainsFunc(strings.Split(text, ","), func(dir string) bool {
		return strings.ContainsAny(dir, `/\`) && !isRoot(dir)
	})
}

// samePaths reports whether both are the same paths, in any order.
func samePaths(a, b []string) bool {
	keys := func(paths []string) map[string]bool {
		set := make(map[string]bool)
		for _, path := range paths {
			set[pathKey(path)] = true
		}
		return set
	}
	return maps.Equal(keys(a), keys(b))
}

// pathKey returns the same text for paths to the same place: a trailing slash is ignored, and so are,
// on Windows, the kind of slash and the case.
func pathKey(path string) string {
	if isDrive(path) || strings.HasPrefix(path, `\\`) {
		return strings.TrimRight(strings.ToLower(strings.ReplaceAll(path, "/", `\`)), `\`)
	}
	if isRoot(path) {
		return "/"
	}
	return strings.TrimRight(path, "/")
}

// selectionWords describes what is backed up: "/etc and /var/lib, but not /var/lib/cache".
func selectionWords(direct *DirectType, files *FileSelection) string {
	f := deref(files)
	if direct != nil && *direct == DirectAll {
		return "all directories"
	}
	if direct != nil && *direct == DirectGiven {
		f.Rule = nil
	}
	return f.words()
}

func (f FileSelection) words() string {
	text := enumerate(f.Dirs)
	if text == "" {
		text = "all directories"
	}
	switch rule := deref(f.Rule); rule {
	case FilesAll:
	case FilesInclude:
		text += ", of these only " + enumerate(f.Files)
	case FilesExclude:
		text += ", but not " + enumerate(f.Files)
	default:
		text += fmt.Sprintf(", by rule %d, which is not documented", rule)
	}
	return text
}

func storedFilesWords(p *Plan) string {
	if p.Raw != nil && p.Raw.Files != nil && (len(p.Raw.Files.Dirs) > 0 || p.Dirs == "") {
		return p.Raw.Files.words()
	}
	if p.Dirs == "" {
		return "not listed"
	}
	return p.Dirs
}

func directTypeWords(direct *DirectType) string {
	if deref(direct) == DirectAdvanced {
		return "advanced"
	}
	return "given directories"
}

// Request returns a request that would create the plan again, as far as the service lists it.
// Parts that it does not list, DirectType among them, or lists with an undocumented value are
// empty; [Plans.Create] refuses the request if it needs them. The request shares no memory with
// the plan.
func (p *Plan) Request() *CreatePlanRequest {
	req := &CreatePlanRequest{Name: p.Name, HostID: p.HostID, StorageID: p.StorageID, SourceType: p.SourceType}
	if p.Raw == nil {
		return req
	}
	if files := p.Raw.Files; files != nil {
		req.Files = &FileSelection{Dirs: slices.Clone(files.Dirs), Files: slices.Clone(files.Files), Rule: clone(files.Rule)}
	}
	if schedule := p.Raw.Schedule.Schedule(); schedule.documented() && schedule.fault() == "" {
		req.Schedule = schedule
	}
	kept := deref(p.Raw.Retention)
	if kept.Unit.documented() && compareKept(kept, kept) == partSame && compareLadder(kept.ladder(), kept) == partSame {
		req.Retention = kept.clone()
	}
	if full := p.Raw.Full; full.on() {
		req.Full = &FullBackup{Mode: clone(full.Mode), Increments: clone(full.Increments)}
	}
	if limits := p.Raw.Limits; limits.apply() {
		req.Limits = &UploadLimits{Enabled: Ptr(true)}
		for _, w := range limits.Windows {
			w.From = clone(w.From)
			req.Limits.Windows = append(req.Limits.Windows, w)
		}
	}
	return req
}

func (r Retention) clone() Retention {
	r.Value, r.HasLadder, r.Ladder = clone(r.Value), clone(r.HasLadder), clone(r.Ladder)
	if l := r.Ladder; l != nil {
		l.Days, l.Weeks, l.Months, l.Years = clone(l.Days), clone(l.Weeks), clone(l.Months), clone(l.Years)
	}
	return r
}

// Difference is a part of a plan that is not as declared, or may not be.
type Difference struct {
	// Field is the name of the field of [CreatePlanRequest].
	Field string
	// Want describes the declared value, and Was the listed one.
	Want, Was string
}

// String describes the difference: "files: /etc and /var/lib, was /tmp".
func (d Difference) String() string {
	return strings.ToLower(d.Field[:min(1, len(d.Field))]) + d.Field[min(1, len(d.Field)):] + ": " + d.Want + ", was " + d.Was
}

func differences(all []Difference) string {
	texts := make([]string, len(all))
	for i, d := range all {
		texts[i] = d.String()
	}
	return strings.Join(texts, "; ")
}
