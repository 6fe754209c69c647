package cbrtest

import "regexp"

// This file holds what a request may look like: every operation with its parameters, one to a line.

// place is where the parameters of an operation are.
type place int

const (
	inQuery place = iota
	inBody
)

// operation is one operation of the API.
type operation struct {
	method, path string
	in           place
	run          func(*state, args) (any, *failure)
	params       []param
	rules        []rule
}

// rule is a check of parameters that depend on one another. It returns the parameter at fault and what is wrong.
type rule func(args) (name, reason string)

var (
	region      = text("regionID").must()
	clientToken = text("clientToken")
	agentID     = text("backupClientID")
	storageID   = text("backupStorageID")
	planID      = text("backupPolicyID")
	planName    = text("backupPolicyName")
	taskID      = text("backupTaskID")
	restoreID   = text("backupRestoreID")
	snapshotID  = text("backupSnapID")
	sourceHost  = text("backupSrcInstanceID")
	search      = text("queryContent")
	pageNo      = integer("pageNo").between(1, 1<<31-1)
	pageSize    = integer("pageSize").between(1, 50)
	capacity    = integer("backupStorageCapacity").between(100, 1024000)
	cycleType   = text("cycleType").oneOf("year", "month")
	cycleCount  = integer("cycleCount").between(1, 11)
	isCloud     = boolean("isCloud")
	sourceType  = text("sourceType").oneOf("CT-ECS", "CT-DPS", "CT-LS")
	directType  = integer("directType").oneOf(0, 1, 2)

	fileInfo = record("backupFileInfo",
		texts("dirs").atMost(10, 4095),
		texts("files").atMost(10, 4095),
		integer("rule").oneOf(0, 1, 2),
	)
	periodInfo = record("backupPeriodInfo",
		integer("rule").must().oneOf(0, 1, 2, 3),
		integer("day").between(0, 31),
		integer("hour").between(0, 23),
	)
	retentionInfo = record("backupRetentionInfo",
		integer("type").must().oneOf(-1, 1, 2, 3, 4, -4), // -4 is in the examples of the reference alone
		integer("value").between(1, 1<<31-1),
		boolean("hasConf"),
		record("conf",
			integer("day").between(0, 1<<31-1),
			integer("week").between(0, 1<<31-1),
			integer("month").between(0, 1<<31-1),
			integer("year").between(0, 1<<31-1),
		),
	)
	fullInfo = record("backupFullInfo",
		integer("backupMode").oneOf(0, 1),
		integer("incrementNum").between(0, 1<<31-1),
	)
	limitInfo = record("backupLimitQosInfo",
		flag("isLimitQos"),
		objects("rateLimits",
			integer("start").must().between(0, 23),
			integer("stop").must().between(1, 24),
			integer("uploadMb").must().between(1, 9999),
		),
	)
)

var storageNamePattern = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// operations are all operations, by the last segment of their path.
var operations = map[string]operation{
	OpenService: {
		method: "POST", path: "/v4/backup/open-service-backup", in: inBody, run: (*state).openService,
		params: []param{region, clientToken},
	},
	InstallAgent: {
		method: "POST", path: "/v4/backup/install-client-backup", in: inBody, run: (*state).installAgent,
		params: []param{region, text("instanceID").must()},
	},
	ListAgents: {
		method: "GET", path: "/v4/backup/info-client-backup", in: inQuery, run: (*state).listAgents,
		params: []param{region, agentID, search, pageNo, pageSize, isCloud, sourceType, boolean("notOnlyInstalled")},
	},
	UninstallAgent: {
		method: "POST", path: "/v4/backup/uninstall-client-backup", in: inBody, run: (*state).uninstallAgent,
		params: []param{agentID.must(), region},
	},
	ListAgentsByHost: {
		method: "GET", path: "/v4/backup/client-by-instance-backup", in: inBody, run: (*state).listAgentsByHost,
		params: []param{region, sourceHost, agentID, pageNo, pageSize},
	},
	CreateStorage: {
		method: "POST", path: "/v4/backup/create-storage-backup", in: inBody, run: (*state).createStorage,
		params: []param{
			clientToken, region, text("backupStorageName").must().like(storageNamePattern), capacity.must(),
			cycleType.must(), cycleCount.must(), integer("multiAz").oneOf(0, 1),
		},
		rules: []rule{cycleRule},
	},
	ListStorages: {
		method: "GET", path: "/v4/backup/query-storage-backup", in: inQuery, run: (*state).listStorages,
		params: []param{
			region, storageID, search,
			text("backupStorageStatus").oneOf("Available", "Expire", "Refing", "Destorying"),
		},
	},
	ResizeStorage: {
		method: "POST", path: "/v4/backup/resize-storage-backup", in: inBody, run: (*state).resizeStorage,
		params: []param{clientToken, storageID.must(), capacity.must(), region},
	},
	RenewStorage: {
		method: "POST", path: "/v4/backup/renew-storage-backup", in: inBody, run: (*state).renewStorage,
		params: []param{clientToken, storageID.must(), region, cycleType.must(), cycleCount.must()},
		rules:  []rule{cycleRule},
	},
	UnsubscribeStorage: {
		method: "POST", path: "/v4/backup/refund-storage-backup", in: inBody, run: (*state).unsubscribeStorage,
		params: []param{clientToken, storageID.must(), region},
	},
	CreatePlan: {
		method: "POST", path: "/v4/backup/new-backup-policy", in: inBody, run: (*state).createPlan,
		params: []param{
			region, planName.must(), sourceHost.must(), storageID.must(), directType.must(), fileInfo,
			periodInfo.must(), retentionInfo.must(), fullInfo, limitInfo, isCloud, sourceType,
		},
		rules: []rule{fileRule, periodRule, retentionRule},
	},
	ListPlans: {
		method: "GET", path: "/v4/backup/query-backup-policy", in: inQuery, run: (*state).listPlans,
		params: []param{
			region, sourceHost, planName, planID, text("backupPolicyStatus").oneOf("CreateSuccess", "Stop"),
			search, isCloud, sourceType,
		},
	},
	OperatePlan: {
		method: "POST", path: "/v4/backup/action-backup-policy", in: inBody, run: (*state).operatePlan,
		params: []param{
			region, planID.must(), integer("backupPolicyOp").must().oneOf(1, 2, 3), integer("backupMode").oneOf(0, 1),
			isCloud, sourceType,
		},
	},
	UpdatePlan: {
		method: "POST", path: "/v4/backup/update-backup-policy", in: inBody, run: (*state).updatePlan,
		params: []param{
			region, planID.must(), planName.must(), directType.must(), fileInfo, periodInfo.must(),
			retentionInfo.must(), fullInfo, limitInfo, isCloud, sourceType,
		},
		rules: []rule{fileRule, periodRule, retentionRule},
	},
	DeletePlan: {
		method: "POST", path: "/v4/backup/refund-backup-policy", in: inBody, run: (*state).deletePlan,
		params: []param{region, planID.must(), isCloud, sourceType},
	},
	ListTasks: {
		method: "GET", path: "/v4/backup/query-task-backup", in: inQuery, run: (*state).listTasks,
		params: []param{
			region, sourceHost, search,
			text("backupTaskStatus").oneOf("Completed", "Executing", "Failed", "Preparing", "Canceling"),
			isCloud, sourceType,
		},
	},
	CancelTask: {
		method: "POST", path: "/v4/backup/cancel-task-backup", in: inBody, run: (*state).cancelTask,
		params: []param{region, taskID.must(), isCloud, sourceType},
	},
	CreateRestore: {
		method: "POST", path: "/v4/backup/create-restore-backup", in: inBody, run: (*state).createRestore,
		params: []param{
			snapshotID.must(), region, text("backupTgtInstanceID"), text("backupTgtDir"),
			integer("backupExistFileMode").oneOf(0, 1, 2), integer("backupRestoreFuncType").oneOf(0, 1, 2),
			texts("backupRestoreFileList").atMost(10, 0), boolean("backupRestoreIncludeSysDirs"), isCloud, sourceType,
		},
		rules: []rule{restoreRule},
	},
	ListRestores: {
		method: "GET", path: "/v4/backup/query-restore-backup", in: inQuery, run: (*state).listRestores,
		params: []param{
			region, restoreID, sourceHost, search,
			text("backupRestoreStatus").oneOf("RestoreCreating", "RestoreCreateFail", "RestoreCompleted",
				"RestoreRunning", "RestoreCanceling", "RestoreFail"),
			isCloud, sourceType,
		},
	},
	CancelRestore: {
		method: "POST", path: "/v4/backup/cancel-restore-backup", in: inBody, run: (*state).cancelRestore,
		params: []param{region, restoreID.must(), isCloud, sourceType},
	},
	ListSnapshots: {
		method: "GET", path: "/v4/backup/query-backup-snapshot", in: inQuery, run: (*state).listSnapshots,
		params: []param{
			region, planName, planID, sourceHost, storageID,
			text("backupSnapStatus").oneOf("Available", "NotAvailable", "Restoring"), search, isCloud, sourceType,
		},
	},
	DeleteResource: {
		method: "POST", path: "/v4/backup/delete-resources-backup", in: inBody, run: (*state).deleteResource,
		params: []param{text("backupObjectID").must(), region, isCloud, sourceType},
	},
	GetOrder: {
		method: "GET", path: "/v4/order/query-uuid", in: inQuery, run: (*state).showOrder,
		params: []param{text("masterOrderId").must()},
	},
	ListRegions: {
		method: "GET", path: "/v4/region/list-regions", in: inQuery, run: (*state).listRegions,
		params: []param{text("regionName")},
	},
}

func cycleRule(a args) (string, string) {
	if a.text("cycleType") == "year" && a.int("cycleCount") > 3 {
		return "cycleCount", "must be 1 to 3 for a cycleType of year"
	}
	return "", ""
}

func fileRule(a args) (string, string) {
	files := a.object("backupFileInfo")
	switch {
	case a.int("directType") == 0:
		return "", ""
	case files == nil:
		return "backupFileInfo", "is required unless directType is 0"
	case len(files.texts("dirs")) == 0:
		return "backupFileInfo.dirs", "is required unless directType is 0"
	case a.int("directType") == 2 && !files.has("rule"):
		return "backupFileInfo.rule", "is required for a directType of 2"
	}
	return "", ""
}

func periodRule(a args) (string, string) {
	period := a.object("backupPeriodInfo")
	rule, day := period.int("rule"), period.int("day")
	switch {
	case rule != 0 && !period.has("hour"):
		return "backupPeriodInfo.hour", "is required for a rule of 1, 2 or 3"
	case rule >= 2 && !period.has("day"):
		return "backupPeriodInfo.day", "is required for a rule of 2 or 3"
	case rule == 2 && day > 6:
		return "backupPeriodInfo.day", "must be 0 to 6 for a rule of 2"
	case rule == 3 && day < 1:
		return "backupPeriodInfo.day", "must be 1 to 31 for a rule of 3"
	}
	return "", ""
}

func retentionRule(a args) (string, string) {
	retention := a.object("backupRetentionInfo")
	if retention.int("type") > 0 && !retention.has("value") {
		return "backupRetentionInfo.value", "is required unless type is -1"
	}
	return "", ""
}

func restoreRule(a args) (string, string) {
	some, paths := a.int("backupRestoreFuncType") != 0, a.texts("backupRestoreFileList")
	switch {
	case some && len(paths) == 0:
		return "backupRestoreFileList", "is required for a backupRestoreFuncType of 1 or 2"
	case !some && len(paths) > 0: // all files would be restored, whatever the list says
		return "backupRestoreFuncType", "must be 1 or 2 with a backupRestoreFileList"
	}
	return "", ""
}
