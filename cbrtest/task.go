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
	// Name is chosen by the server if it is empty.
	Name string
	// PlanID is the plan; the first there is if it is empty, and a new one if there is none.
	PlanID string
	// Status is the state, Preparing if it is empty. Polls move a task on from Preparing, Executing and Canceling.
	Status string
	// Message is the outcome of a task that has ended.
	Message string
	// Started is now if it is zero. Done is zero for a task that has not ended.
	Started, Done time.Time
}

// AddTask adds a backup task and returns its ID. A task that is Completed from the start has no snapshot.
func (s *Server) AddTask(t Task) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.addTask(t, s.HostID).id
}

func (st *state) addTask(t Task, firstHostID string) *task {
	added := st.newTask(st.planOrFirst(t.PlanID, "", firstHostID), t.Started)
	if t.ID != "" {
		added.id = t.ID
	}
	added.name = cmp.Or(t.Name, added.name)
	added.status = cmp.Or(t.Status, taskPreparing)
	added.message = t.Message
	added.done = t.Done
	if added.status == taskCompleted {
		added.percent = 100
	}
	if added.underWay() {
		added.failure = st.nextFailure(TaskJob)
	}
	st.tasks.add(added.id, added)
	return added
}

// planOrFirst returns the plan, or the first of the host if no plan is named, and makes it if there is none. An empty
// host ID stands for any host.
func (st *state) planOrFirst(id, hostID, firstHostID string) *plan {
	if id != "" {
		if p := st.plans.get(id); p != nil {
			return p
		}
	} else if hostID != "" {
		if plans := st.plansOf[hostID]; len(plans) > 0 {
			return plans[0]
		}
	} else {
		for p := range st.plans.all() {
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
	polls         int // that showed it under way
	canceled      int // polls that showed it being cancelled
	failure       string
	message       string
	percent       float64
	files         int
	started, done time.Time
	listedFrom    time.Time
	snapshot      *snapshot
}

// newTask makes a task that begins at a time, now if it is zero.
func (st *state) newTask(p *plan, started time.Time) *task {
	if started.IsZero() {
		started = st.now()
	}
	t := &task{id: st.newID(), plan: p, status: taskPreparing, started: started}
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
	t := st.newTask(p, time.Time{})
	t.full, t.failure, t.listedFrom = full, st.nextFailure(TaskJob), st.listedFrom()
	st.tasks.add(t.id, t)
	return t, nil
}

func (t *task) underWay() bool { return t.status == taskPreparing || t.status == taskExecuting }

// failNow makes a task that is under way fail at the next poll.
func (t *task) failNow(reason string, polls Polls) { t.failure, t.polls = reason, polls.Task }

// pollTask moves a task on.
func (st *state) pollTask(t *task) {
	switch t.status {
	case taskCanceling:
		if t.canceled++; t.canceled > st.polls.Cancel {
			t.end(taskCanceled, "任务已取消", st.now())
		}
	case taskPreparing, taskExecuting:
		if t.polls++; t.polls > st.polls.Task {
			st.finishTask(t)
		} else if t.polls > 1 {
			t.status = taskExecuting
			t.percent = float64(100*(t.polls-1)) / float64(st.polls.Task)
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
		n, v := st.snapshotOf(t), st.storages.get(t.plan.storageID)
		if v == nil || v.status != storageAvailable {
			t.end(taskFailed, "存储库不可用", st.now())
			return
		}
		if v.free() < n.Size {
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

// listTasks lists tasks. All that match but for their state are moved on by it.
func (st *state) listTasks(a args) (any, *failure) {
	hostID, search, source, now := a.text("backupSrcInstanceID"), a.text("queryContent"), a.source(), st.now()
	found := st.tasks.filter(func(t *task) bool {
		host := t.plan.host
		if host.SourceType != source || !is(hostID, host.ID) || t.listedFrom.After(now) {
			return false
		}
		snapID, snapName := t.snapshotText()
		return matches(search, t.id, t.plan.name, host.Name, host.ID, snapID, snapName)
	})
	status, kept := a.text("backupTaskStatus"), found[:0]
	for _, t := range found {
		st.pollTask(t)
		if is(status, t.status) {
			kept = append(kept, t)
		}
	}
	return newListing(&st.mu, "backupTaskList", kept, st.writeTask, count{"bakupTaskCount", len(kept)}), nil
}

func (t *task) snapshotText() (id, name string) {
	if t.snapshot == nil {
		return "", ""
	}
	return t.snapshot.ID, t.snapshot.Name
}

func (st *state) writeTask(w *jsonWriter, t *task) {
	rate := "0 KB/s"
	if t.status == taskExecuting {
		rate = fmt.Sprintf("%.2f KB/s", 209.28+float64(t.polls-2)*12.5)
	}
	snapID, snapName := t.snapshotText()
	w.text("backupTaskID", t.id)
	w.text("backupPolicyName", t.plan.name)
	w.text("backupSrcInstanceID", t.plan.host.ID)
	w.text("backupSrcInstanceName", t.plan.host.Name)
	w.text("backupStorageID", t.plan.storageID)
	w.text("backupStorageName", st.storageName(t.plan.storageID))
	w.texts("backupPaths", t.plan.paths)
	w.integer("backupFileCount", int64(t.files))
	w.text("backupTaskStatus", cmp.Or(taskStatusText[t.status], unknownText))
	w.text("backupTaskStatusCode", t.status)
	w.time("backupTaskStartTime", t.started)
	w.time("backupTaskDoneTime", t.done)
	w.text("backupTaskErrMsg", t.message)
	w.number("backupTaskPercent", t.percent)
	w.text("backupTaskName", t.name)
	w.text("backupTaskRate", rate)
	w.text("backupSnapID", snapID)
	w.text("backupSnapName", snapName)
}
