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

// A Plan is a backup plan to be seeded with [Server.AddPlan]: one that runs daily at two in the morning and keeps its
// copies for 30 days.
type Plan struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is a name of its own if it is empty.
	Name string
	// HostID is the protected host; the one that exists from the start if it is empty.
	HostID string
	// StorageID is the repository; the first there is if it is empty, and a new one if there is none.
	StorageID string
	// Dirs are the directories that are backed up; all if there are none.
	Dirs []string
	// Stopped says that the plan is paused.
	Stopped bool
}

// AddPlan puts a plan there and returns its ID. The service is activated by it. The plan can be run once there is an
// agent on its host, see [Server.AddAgent].
func (s *Server) AddPlan(p Plan) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	p.HostID = cmp.Or(p.HostID, s.HostID)
	return s.state.addPlan(p).id
}

// plan keeps what its request said in the form that it was said in.
type plan struct {
	id, name          string
	host              *Host
	storageID         string
	status            string
	created           time.Time
	files             args // nil: all directories
	period, retention args
	full, limit       args
}

func (st *state) addPlan(p Plan) *plan {
	st.activated = true
	added := &plan{
		id: st.orNewID(p.ID), host: st.hostOrUnknown(p.HostID), storageID: st.storageOrFirst(p.StorageID),
		status: planNormal, created: st.now(),
		period:    args{"rule": int64(1), "hour": int64(2)},
		retention: args{"type": int64(1), "value": int64(30), "hasConf": false},
	}
	added.name = cmp.Or(p.Name, "plan-"+added.id[:min(8, len(added.id))])
	if len(p.Dirs) > 0 {
		added.files = args{"dirs": p.Dirs}
	}
	if p.Stopped {
		added.status = planStop
	}
	st.plans.add(added.id, added)
	return added
}

// hostOrUnknown returns a host that only has an ID if there is none of that ID, as it is when a host is gone.
func (st *state) hostOrUnknown(id string) *Host {
	if h := st.hosts.get(id); h != nil {
		return h
	}
	return &Host{ID: id, Name: id, SourceType: sourceCloud}
}

func (st *state) storageOrFirst(id string) string {
	switch {
	case id != "":
		return id
	case len(st.storages.list) > 0:
		return st.storages.list[0].ID
	}
	return st.addStorage(Storage{})
}

func (st *state) storageName(id string) string {
	if v := st.storages.get(id); v != nil {
		return v.Name
	}
	return ""
}

// paths are the files and directories of a plan.
func (p *plan) paths() []string {
	return append(append([]string{}, p.files.texts("files")...), p.dirs()...)
}

// dirs are the directories of a plan.
func (p *plan) dirs() []string {
	if p.files == nil {
		return []string{"/"}
	}
	return p.files.texts("dirs")
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
	p := &plan{id: st.newID(), host: host, storageID: v.ID, status: planNormal, created: st.now()}
	p.set(a)
	st.plans.add(p.id, p)
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
	st.plans.remove(p.id)
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

type wirePlan struct {
	ID            string `json:"backupPolicyID"`
	Dirs          string `json:"backupDirs"`
	Raw           object `json:"backupRaw"`
	Start         any    `json:"startTimeDesc"`
	Name          string `json:"backupPolicyName"`
	HostID        string `json:"backupSrcInstanceID"`
	HostName      string `json:"backupSrcInstanceName"`
	StorageID     string `json:"backupStorageID"`
	StorageName   string `json:"backupStorageName"`
	PeriodDesc    string `json:"periodDesc"`
	RetentionDesc string `json:"retentionDesc"`
	StatusDesc    string `json:"statusDesc"`
	StatusCode    string `json:"statusCode"`
	Type          int    `json:"policyType"`
}

func (st *state) listPlans(a args) (any, *failure) {
	found := st.plans.filter(func(p *plan) bool {
		return p.host.SourceType == a.source() &&
			is(a.text("backupSrcInstanceID"), p.host.ID) && is(a.text("backupPolicyID"), p.id) &&
			is(a.text("backupPolicyStatus"), p.status) && matches(a.text("backupPolicyName"), p.name) &&
			matches(a.text("queryContent"), p.name, p.host.Name)
	})
	return newList(&st.mu, "backupPolicyList", found, st.wirePlan, count{"backupPolicyTotal", len(found)}), nil
}

func (st *state) wirePlan(p *plan) wirePlan {
	kind := 0
	if p.host.SourceType == sourceOnPremises {
		kind = 1
	}
	return wirePlan{
		ID: p.id, Dirs: strings.Join(p.dirs(), ","), Raw: p.raw(), Start: wireTime(p.created), Name: p.name,
		HostID: p.host.ID, HostName: p.host.Name, StorageID: p.storageID, StorageName: st.storageName(p.storageID),
		PeriodDesc: p.periodDesc(), RetentionDesc: p.retentionDesc(),
		StatusDesc: cmp.Or(map[string]string{planNormal: "正常运行", planStop: "已停用"}[p.status], p.status),
		StatusCode: p.status, Type: kind,
	}
}

// raw is the plan as it is stored. All members are there. Those that were not given have the values that the examples
// of the reference show, and are null where there is no example.
func (p *plan) raw() object {
	period := members(p.period, "rule", "day")
	period["hour"] = p.hour()
	retention := members(p.retention, "type", "value")
	retention["hasConf"] = p.retention.bool("hasConf")
	conf := p.retention.object("conf")
	retention["conf"] = object{
		"day": conf.int("day"), "week": conf.int("week"), "month": conf.int("month"), "year": conf.int("year"),
	}
	raw := object{
		"periodInfo":    period,
		"fileInfo":      nil,
		"retentionInfo": retention,
		"fullInfo":      object{"backupMode": p.full.int("backupMode"), "incrementNum": p.full.intOr("incrementNum", 10)},
		"limitQosInfo":  members(p.limit, "isLimitQos", "rateLimits"),
	}
	if p.files != nil {
		raw["fileInfo"] = members(p.files, "dirs", "files", "rule")
	}
	return raw
}

func members(a args, names ...string) object {
	out := object{}
	for _, name := range names {
		out[name] = a[name]
	}
	return out
}

func (p *plan) hour() string { return fmt.Sprintf("%02d:00", p.period.int("hour")) }

func (p *plan) periodDesc() string {
	day := p.period.int("day")
	switch p.period.int("rule") {
	case 1:
		return "每天 " + p.hour()
	case 2:
		return "每周" + []string{"日", "一", "二", "三", "四", "五", "六"}[day] + " " + p.hour()
	case 3:
		return fmt.Sprintf("每月%d日 %s", day, p.hour())
	}
	return "每小时"
}

func (p *plan) retentionDesc() string {
	kind := p.retention.int("type")
	unit := map[int64]string{1: "天", 2: "周", 3: "个月", 4: "年"}[kind]
	switch {
	case kind == -1:
		return "永久保留"
	case unit == "":
		return unknownText // of -4, which no text explains
	}
	return fmt.Sprintf("保留%d%s", p.retention.int("value"), unit)
}
