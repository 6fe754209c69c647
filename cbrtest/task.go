package cbrtest

import (
	"cmp"
	"fmt"
	"time"
)

// The states of a backup task.
const (
	taskPreparing = "Preparing"
	taskExecuting = "Executing"
	taskCompleted = "Completed"
	taskFailed    = "Failed"
	taskCanceling = "Canceling"
	taskCanceled  = "Canceled"
)

var taskStatusText = map[string]string{
	taskPreparing: "执行准备中", taskExecuting: "执行中", taskCompleted: "执行完成", taskFailed: "执行失败",
	taskCanceling: "取消中", taskCanceled: "已取消", // assumed
}

// unknownText is the text of a state of a task or a restore that has none of its own.
const unknownText = "未知"

// A Task is a backup task to be seeded with [Server.AddTask]. The zero value has begun just now.
type Task struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is a name of its own if it is empty.
	Name string
	// PlanID is the plan; the first there is if it is empty, and a new one if there is none.
	PlanID string
	// Status is the state, Preparing if it is empty. Reads move a task on from Preparing, Executing and Canceling.
	Status string
	// Message is the outcome of a task that has ended.
	Message string
	// Started is now if it is zero. Done is zero for a task that has not ended.
	Started, Done time.Time
}

// AddTask puts a backup task there and returns its ID. One that is Completed from the start has no snapshot.
func (s *Server) AddTask(t Task) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	st := s.state
	p := st.planOrFirst(t.PlanID, "", s.HostID)
	added := st.newTask(p)
	if t.ID != "" {
		added.id = t.ID
	}
	added.name = cmp.Or(t.Name, added.name)
	added.status = cmp.Or(t.Status, taskPreparing)
	added.message = t.Message
	added.done = t.Done
	if !t.Started.IsZero() {
		added.started = t.Started
	}
	if added.status == taskCompleted {
		added.percent = 100
	}
	if added.underWay() {
		added.failure = st.nextFailure(TaskJob)
	}
	st.tasks.add(added.id, added)
	return added.id
}

// planOrFirst returns the plan, or the first of the host if none is named, and makes it if there is none. No host
// stands for any.
func (st *state) planOrFirst(id, hostID, firstHostID string) *plan {
	if p := st.plans.get(id); p != nil {
		return p
	}
	for _, p := range st.plans.list {
		if id == "" && is(hostID, p.host.ID) {
			return p
		}
	}
	return st.addPlan(Plan{ID: id, HostID: cmp.Or(hostID, firstHostID)})
}

type task struct {
	id, name      string
	plan          *plan
	full          bool
	status        string
	reads         int // that showed it under way
	canceled      int // that showed it being cancelled
	failure       string
	message       string
	percent       float64
	files         int
	started, done time.Time
	snapshot      *snapshot
}

func (st *state) newTask(p *plan) *task {
	t := &task{id: st.newID(), plan: p, status: taskPreparing, started: st.now()}
	t.name = "task-" + t.started.In(beijing).Format("20060102150405") + "-" + t.id[:4]
	return t
}

// runPlan begins a task.
func (st *state) runPlan(p *plan, full bool) (*task, *failure) {
	if _, err := st.protected(p.host.ID, p.host.SourceType); err != nil {
		return nil, err
	}
	if _, err := st.usable(p.storageID); err != nil {
		return nil, err
	}
	t := st.newTask(p)
	t.full, t.failure = full, st.nextFailure(TaskJob)
	st.tasks.add(t.id, t)
	return t, nil
}

func (t *task) underWay() bool { return t.status == taskPreparing || t.status == taskExecuting }

// readTask moves a task on, as every look at it does.
func (st *state) readTask(t *task) {
	switch t.status {
	case taskCanceling:
		if t.canceled++; t.canceled > st.polls.Cancel {
			t.end(taskCanceled, "任务已取消", st.now())
		}
	case taskPreparing, taskExecuting:
		if t.reads++; t.reads > st.polls.Task {
			st.finishTask(t)
		} else if t.reads > 1 {
			t.status = taskExecuting
			t.percent = float64(100*(t.reads-1)) / float64(st.polls.Task)
			t.files += 128
		}
	}
}

func (st *state) finishTask(t *task) {
	if t.failure != "" {
		t.end(taskFailed, t.failure, st.now())
		return
	}
	if t.snapshot == nil {
		n := st.snapshotOf(t)
		if v := st.storages.get(t.plan.storageID); v == nil || v.free() < n.Size {
			t.end(taskFailed, "存储库容量不足", st.now())
			return
		}
		st.addSnapshot(n)
		t.snapshot = n
	}
	t.end(taskCompleted, "备份成功", st.now())
	t.percent = 100
	t.files += 128
}

func (t *task) end(status, message string, now time.Time) {
	t.status, t.message, t.done = status, message, now
}

func (st *state) cancelTask(a args) (any, *failure) {
	id := a.text("backupTaskID")
	t := st.tasks.get(id)
	if t == nil || t.plan.host.SourceType != a.source() {
		return nil, notFound("Task", id)
	}
	if !t.underWay() {
		return nil, refuse("Backup.Task.StatusInvalid", "the task cannot be cancelled, it is "+t.status, "任务当前状态不可取消")
	}
	t.status = taskCanceling
	return object{"backupTaskID": id}, nil
}

type wireTask struct {
	ID          string   `json:"backupTaskID"`
	PlanName    string   `json:"backupPolicyName"`
	HostID      string   `json:"backupSrcInstanceID"`
	HostName    string   `json:"backupSrcInstanceName"`
	StorageID   string   `json:"backupStorageID"`
	StorageName string   `json:"backupStorageName"`
	Paths       []string `json:"backupPaths"`
	FileCount   int      `json:"backupFileCount"`
	Status      string   `json:"backupTaskStatus"`
	StatusCode  string   `json:"backupTaskStatusCode"`
	Started     any      `json:"backupTaskStartTime"`
	Done        any      `json:"backupTaskDoneTime"`
	Message     string   `json:"backupTaskErrMsg"`
	Percent     float64  `json:"backupTaskPercent"`
	Name        string   `json:"backupTaskName"`
	Rate        string   `json:"backupTaskRate"`
	SnapID      string   `json:"backupSnapID"`
	SnapName    string   `json:"backupSnapName"`
}

// listTasks lists tasks. All that match but for their state are moved on by it.
func (st *state) listTasks(a args) (any, *failure) {
	found := st.tasks.filter(func(t *task) bool {
		host := t.plan.host
		if host.SourceType != a.source() || !is(a.text("backupSrcInstanceID"), host.ID) {
			return false
		}
		snapID, snapName := t.snapshotText()
		return matches(a.text("queryContent"), t.id, t.plan.name, host.Name, host.ID, snapID, snapName)
	})
	kept := found[:0]
	for _, t := range found {
		st.readTask(t)
		if is(a.text("backupTaskStatus"), t.status) {
			kept = append(kept, t)
		}
	}
	return newList(&st.mu, "backupTaskList", kept, st.wireTask, count{"bakupTaskCount", len(kept)}), nil
}

func (t *task) snapshotText() (id, name string) {
	if t.snapshot == nil {
		return "", ""
	}
	return t.snapshot.ID, t.snapshot.Name
}

func (st *state) wireTask(t *task) wireTask {
	rate := "0 KB/s"
	if t.status == taskExecuting {
		rate = fmt.Sprintf("%.2f KB/s", 209.28+float64(t.reads-2)*12.5)
	}
	snapID, snapName := t.snapshotText()
	return wireTask{
		ID: t.id, PlanName: t.plan.name, HostID: t.plan.host.ID, HostName: t.plan.host.Name,
		StorageID: t.plan.storageID, StorageName: st.storageName(t.plan.storageID), Paths: t.plan.paths(),
		FileCount: t.files, Status: cmp.Or(taskStatusText[t.status], unknownText), StatusCode: t.status,
		Started: wireTime(t.started), Done: wireTime(t.done), Message: t.message, Percent: t.percent,
		Name: t.name, Rate: rate, SnapID: snapID, SnapName: snapName,
	}
}
