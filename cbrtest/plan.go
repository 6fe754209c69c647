package cbrtest

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// The states of a plan.
const (
	planNormal = "CreateSuccess"
	planStop   = "Stop"
)

// A Plan is a backup plan to be seeded with [Server.AddPlan]. The zero value backs up all directories of
// [Server.HostID] daily at two in the morning, and keeps the copies for 30 days.
type Plan struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is chosen by the server if it is empty.
	Name string
	// HostID is the protected host; [Server.HostID] if it is empty.
	HostID string
	// StorageID is the vault; the first there is if it is empty, and a new one if there is none.
	StorageID string
	// Dirs are the directories that are backed up; all if there are none.
	Dirs []string
	// Schedule says when the plan is due; daily at two in the morning if it is nil. The server runs no plan by itself.
	Schedule *Schedule
	// Retention says how long copies are kept; 30 days if it is nil. The server deletes no copy by itself.
	Retention *Retention
	// Limits are the hours of the day in which uploads are limited.
	Limits []Limit
	// Stopped says that the plan is paused. [Server.SetStatus] puts it into any other state.
	Stopped bool
}

// A Schedule says when a plan is due, in the words of the wire. The server lists it as it is, whether it makes sense or
// not.
type Schedule struct {
	// Rule is Hourly, Daily, Weekly or Monthly.
	Rule int
	// Day is the day of the week, 0 (Sunday) to 6, or of the month, 1 to 31. Hourly and Daily have none.
	Day int
	// Hour is the hour of the day in Beijing, 0 to 23. Hourly has none.
	Hour int
}

// The rules of a [Schedule].
const (
	Hourly  = 0
	Daily   = 1
	Weekly  = 2
	Monthly = 3
)

// A Retention says how long copies are kept, in the words of the wire. The server lists it as it is, whether it makes
// sense or not.
type Retention struct {
	// Type is KeepForever, KeepDays, KeepWeeks, KeepMonths or KeepYears, or a number that no reference explains, such
	// as -4.
	Type int
	// Value is the number of days, weeks, months or years. KeepForever has none.
	Value int
	// Day, Week, Month and Year are how many daily, weekly, monthly and yearly copies are kept besides.
	Day, Week, Month, Year int
}

// The types of a [Retention].
const (
	KeepForever = -1
	KeepDays    = 1
	KeepWeeks   = 2
	KeepMonths  = 3
	KeepYears   = 4
)

// A Limit bounds uploads in some hours of the day.
type Limit struct {
	// Start and Stop are hours of the day in Beijing: Start is 0 to 23, Stop 1 to 24.
	Start, Stop int
	// UploadMB is the number of megabytes a second, 1 to 9999.
	UploadMB int
}

// AddPlan adds a plan and returns its ID. It activates the service. The plan can be run once there is an agent on its
// host, see [Server.AddAgent].
func (s *Server) AddPlan(p Plan) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	p.HostID = cmp.Or(p.HostID, s.HostID)
	return s.state.addPlan(p).id
}

// plan keeps what its request said in the form in which it was said.
type plan struct {
	id, name          string
	host              *Host
	storageID         string
	status            string
	created           time.Time
	listedFrom        time.Time
	files             args // nil: all directories
	period, retention args
	full, limit       args
	dirText           string   // its directories, and
	paths             []string // its files and directories, kept for its copies
}

func (st *state) addPlan(p Plan) *plan {
	st.activated = true
	added := &plan{
		id: st.orNewID(p.ID), host: st.hostOrUnknown(p.HostID), storageID: st.storageOrFirst(p.StorageID),
		status: planNormal, created: st.now(),
	}
	added.name = cmp.Or(p.Name, "plan-"+added.id[:min(8, len(added.id))])
	added.period, added.retention = scheduleArgs(p.Schedule), retentionArgs(p.Retention)
	if len(p.Limits) > 0 {
		added.limit = limitArgs(p.Limits)
	}
	if len(p.Dirs) > 0 {
		added.files = args{"dirs": p.Dirs}
	}
	if p.Stopped {
		added.status = planStop
	}
	added.settle()
	st.putPlan(added)
	return added
}

func scheduleArgs(s *Schedule) args {
	if s == nil {
		s = &Schedule{Rule: Daily, Hour: 2}
	}
	out := args{"rule": int64(s.Rule)}
	if s.Rule != Hourly {
		out["hour"] = int64(s.Hour)
	}
	if s.Rule != Hourly && s.Rule != Daily {
		out["day"] = int64(s.Day)
	}
	return out
}

func retentionArgs(r *Retention) args {
	if r == nil {
		r = &Retention{Type: KeepDays, Value: 30}
	}
	out := args{
		"type":    int64(r.Type),
		"hasConf": r.Day != 0 || r.Week != 0 || r.Month != 0 || r.Year != 0,
		"conf":    args{"day": int64(r.Day), "week": int64(r.Week), "month": int64(r.Month), "year": int64(r.Year)},
	}
	if r.Value != 0 {
		out["value"] = int64(r.Value)
	}
	return out
}

func limitArgs(limits []Limit) args {
	var rates []args
	for _, l := range limits {
		rates = append(rates, args{"start": int64(l.Start), "stop": int64(l.Stop), "uploadMb": int64(l.UploadMB)})
	}
	return args{"isLimitQos": true, "rateLimits": rates}
}

func (st *state) putPlan(p *plan) {
	st.removePlan(p.id)
	st.plans.add(p.id, p)
	st.plansOf[p.host.ID] = append(st.plansOf[p.host.ID], p)
}

func (st *state) removePlan(id string) bool {
	p := st.plans.get(id)
	if p == nil {
		return false
	}
	st.plans.remove(id)
	st.plansOf[p.host.ID] = without(st.plansOf[p.host.ID], p)
	return true
}

// hostOrUnknown returns a host that only has an ID if there is none of that ID, as it is when a host is gone.
func (st *state) hostOrUnknown(id string) *Host {
	if h := st.hosts.get(id); h != nil {
		return h
	}
	return &Host{ID: id, Name: id, SourceType: sourceCloud}
}

func (st *state) storageOrFirst(id string) string {
	if id != "" {
		return id
	}
	for v := range st.storages.all() {
		return v.ID
	}
	return st.addStorage(Storage{})
}

func (st *state) storageName(id string) string {
	if v := st.storages.get(id); v != nil {
		return v.Name
	}
	return ""
}

// settle derives the texts of a plan that its copies keep.
func (p *plan) settle() {
	dirs := []string{"/"}
	if p.files != nil {
		dirs = p.files.texts("dirs")
	}
	p.dirText = strings.Join(dirs, ",")
	p.paths = append(append([]string{}, p.files.texts("files")...), dirs...)
}

// findPlan finds a plan of the kind of hosts that a request is about.
func (st *state) findPlan(a args) (*plan, *failure) {
	id := a.text("backupPolicyID")
	p := st.plans.get(id)
	if p == nil || p.host.SourceType != a.source() {
		return nil, notFound("Policy", id)
	}
	return p, nil
}

func accepted(msg string) object { return object{"status": "success", "msg": msg} }

func (st *state) createPlan(a args) (any, *failure) {
	if err := st.active(); err != nil {
		return nil, err
	}
	host, err := st.protected(a.text("backupSrcInstanceID"), a.source())
	if err != nil {
		return nil, err
	}
	v, err := st.usable(a.text("backupStorageID"))
	if err != nil {
		return nil, err
	}
	p := &plan{
		id: st.newID(), host: host, storageID: v.ID, status: planNormal, created: st.now(), listedFrom: st.listedFrom(),
	}
	p.set(a)
	st.putPlan(p)
	return accepted("创建备份计划成功"), nil
}

// set takes over what a request says of a plan. What an update leaves out stays as it is.
func (p *plan) set(a args) {
	p.name = a.text("backupPolicyName")
	p.period, p.retention = a.object("backupPeriodInfo"), a.object("backupRetentionInfo")
	p.files = a.object("backupFileInfo")
	if a.int("directType") == 0 {
		p.files = nil
	}
	if a.has("backupFullInfo") {
		p.full = a.object("backupFullInfo")
	}
	if a.has("backupLimitQosInfo") {
		p.limit = a.object("backupLimitQosInfo")
	}
	p.settle()
}

func (st *state) updatePlan(a args) (any, *failure) {
	p, err := st.findPlan(a)
	if err != nil {
		return nil, err
	}
	p.set(a)
	return accepted("修改备份计划成功"), nil
}

func (st *state) deletePlan(a args) (any, *failure) {
	p, err := st.findPlan(a)
	if err != nil {
		return nil, err
	}
	st.removePlan(p.id)
	return accepted("删除备份计划成功"), nil
}

// operatePlan enables, stops or runs a plan. One that is stopped can be run nonetheless.
func (st *state) operatePlan(a args) (any, *failure) {
	p, err := st.findPlan(a)
	if err != nil {
		return nil, err
	}
	out := accepted("操作成功")
	out["backupTaskID"] = ""
	switch a.int("backupPolicyOp") {
	case 1:
		p.status = planNormal
	case 2:
		p.status = planStop
	case 3:
		t, err := st.runPlan(p, a.int("backupMode") == 1)
		if err != nil {
			return nil, err
		}
		out["backupTaskID"] = t.id
	}
	return out, nil
}

func (st *state) listPlans(a args) (any, *failure) {
	id, hostID, status := a.text("backupPolicyID"), a.text("backupSrcInstanceID"), a.text("backupPolicyStatus")
	name, search, source, now := a.text("backupPolicyName"), a.text("queryContent"), a.source(), st.now()
	found := st.plans.filter(func(p *plan) bool {
		return p.host.SourceType == source && !p.listedFrom.After(now) &&
			is(hostID, p.host.ID) && is(id, p.id) && is(status, p.status) &&
			matches(name, p.name) && matches(search, p.name, p.host.Name)
	})
	return newListing(&st.mu, "backupPolicyList", found, st.writePlan, count{"backupPolicyTotal", len(found)}), nil
}

func (st *state) writePlan(w *jsonWriter, p *plan) {
	kind := int64(0)
	if p.host.SourceType == sourceOnPremises {
		kind = 1
	}
	w.text("backupPolicyID", p.id)
	w.text("backupDirs", p.dirText)
	w.stored(p)
	w.time("startTimeDesc", p.created)
	w.text("backupPolicyName", p.name)
	w.text("backupSrcInstanceID", p.host.ID)
	w.text("backupSrcInstanceName", p.host.Name)
	w.text("backupStorageID", p.storageID)
	w.text("backupStorageName", st.storageName(p.storageID))
	w.text("periodDesc", p.periodDesc())
	w.text("retentionDesc", p.retentionDesc())
	w.text("statusDesc", cmp.Or(map[string]string{planNormal: "正常运行", planStop: "已停用"}[p.status], p.status))
	w.text("statusCode", p.status)
	w.integer("policyType", kind)
}

// stored writes a plan as it is stored. All members are there. Those that were not given have the values that the
// examples of the reference show, and are null where there is no example.
func (w *jsonWriter) stored(p *plan) {
	w.begin("backupRaw")
	w.begin("periodInfo")
	w.any("rule", p.period["rule"])
	w.any("day", p.period["day"])
	w.text("hour", p.hour())
	w.end()
	if p.files == nil {
		w.any("fileInfo", nil)
	} else {
		w.begin("fileInfo")
		w.any("dirs", p.files["dirs"])
		w.any("files", p.files["files"])
		w.any("rule", p.files["rule"])
		w.end()
	}
	w.begin("retentionInfo")
	w.any("type", p.retention["type"])
	w.any("value", p.retention["value"])
	w.boolean("hasConf", p.retention.bool("hasConf"))
	w.begin("conf")
	for _, unit := range []string{"day", "week", "month", "year"} {
		w.integer(unit, p.retention.object("conf").int(unit))
	}
	w.end()
	w.end()
	w.begin("fullInfo")
	w.integer("backupMode", p.full.int("backupMode"))
	w.integer("incrementNum", int64(p.full.intOr("incrementNum", 10)))
	w.end()
	w.begin("limitQosInfo")
	w.any("isLimitQos", p.limit["isLimitQos"])
	w.any("rateLimits", p.limit["rateLimits"])
	w.end()
	w.end()
}

func (p *plan) hour() string { return fmt.Sprintf("%02d:00", p.period.int("hour")) }

func (p *plan) periodDesc() string {
	weekdays, day := []string{"日", "一", "二", "三", "四", "五", "六"}, p.period.int("day")
	switch p.period.int("rule") {
	case Daily:
		return "每天 " + p.hour()
	case Weekly:
		return "每周" + weekdays[((day%7)+7)%7] + " " + p.hour() // a seeded day may be any
	case Monthly:
		return fmt.Sprintf("每月%d日 %s", day, p.hour())
	}
	return "每小时"
}

func (p *plan) retentionDesc() string {
	unit := map[int64]string{KeepDays: "天", KeepWeeks: "周", KeepMonths: "个月", KeepYears: "年"}[p.retention.int("type")]
	switch {
	case p.retention.int("type") == KeepForever:
		return "永久保留"
	case unit == "":
		return unknownText // of -4, which no text explains
	}
	return fmt.Sprintf("保留%d%s", p.retention.int("value"), unit)
}
