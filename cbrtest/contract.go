package cbrtest

import "regexp"

// This file is the contract of requests: every operation with its parameters.

// place is where an operation has its parameters.
type place int

const (
	inQuery place = iota
	inBody
)

// endpoint is one operation of the API.
type endpoint struct {
	method, path string
	in           place
	run          func(*state, args) (any, *failure)
	params       []param
	rules        []paramRule
}

// paramRule checks parameters that depend on one another. It returns the parameter at fault and what is wrong.
type paramRule func(args) (name, reason string)

var (
	regionParam      = textParam("regionID").must()
	clientTokenParam = textParam("clientToken")
	agentIDParam     = textParam("backupClientID")
	storageIDParam   = textParam("backupStorageID")
	planIDParam      = textParam("backupPolicyID")
	planNameParam    = textParam("backupPolicyName")
	taskIDParam      = textParam("backupTaskID")
	restoreIDParam   = textParam("backupRestoreID")
	snapshotIDParam  = textParam("backupSnapID")
	sourceHostParam  = textParam("backupSrcInstanceID")
	searchParam      = textParam("queryContent")
	pageNoParam      = integerParam("pageNo").between(1, 1<<31-1)
	pageSizeParam    = integerParam("pageSize").between(1, 50)
	capacityParam    = integerParam("backupStorageCapacity").between(100, 1024000)
	cycleTypeParam   = textParam("cycleType").oneOf("year", "month")
	cycleCountParam  = integerParam("cycleCount").between(1, 11)
	isCloudParam     = booleanParam("isCloud")
	sourceTypeParam  = textParam("sourceType").oneOf("CT-ECS", "CT-DPS", "CT-LS")
	directTypeParam  = integerParam("directType").oneOf(0, 1, 2)

	fileInfoParam = objectParam("backupFileInfo",
		textsParam("dirs").atMost(10, 4095),
		textsParam("files").atMost(10, 4095),
		integerParam("rule").oneOf(0, 1, 2),
	)
	periodInfoParam = objectParam("backupPeriodInfo",
		integerParam("rule").must().oneOf(0, 1, 2, 3),
		integerParam("day").between(0, 31),
		integerParam("hour").between(0, 23),
	)
	retentionInfoParam = objectParam("backupRetentionInfo",
		integerParam("type").must().oneOf(-1, 1, 2, 3, 4, -4), // -4 is in the examples of the reference alone
		integerParam("value").between(1, 1<<31-1),
		booleanParam("hasConf"),
		objectParam("conf",
			integerParam("day").between(0, 1<<31-1),
			integerParam("week").between(0, 1<<31-1),
			integerParam("month").between(0, 1<<31-1),
			integerParam("year").between(0, 1<<31-1),
		),
	)
	fullInfoParam = objectParam("backupFullInfo",
		integerParam("backupMode").oneOf(0, 1),
		integerParam("incrementNum").between(0, 1<<31-1),
	)
	limitInfoParam = objectParam("backupLimitQosInfo",
		flagParam("isLimitQos"),
		objectsParam("rateLimits",
			integerParam("start").must().between(0, 23),
			integerParam("stop").must().between(1, 24),
			integerParam("uploadMb").must().between(1, 9999),
		),
	)
)

var storageNamePattern = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// endpoints holds all operations, by the last segment of their path.
var endpoints = map[string]endpoint{
	OpenService: {
		method: "POST", path: "/v4/backup/open-service-backup", in: inBody, run: (*state).openService,
		params: []param{regionParam, clientTokenParam},
	},
	InstallAgent: {
		method: "POST", path: "/v4/backup/install-client-backup", in: inBody, run: (*state).installAgent,
		params: []param{regionParam, textParam("instanceID").must()},
	},
	ListAgents: {
		method: "GET", path: "/v4/backup/info-client-backup", in: inQuery, run: (*state).listAgents,
		params: []param{regionParam, agentIDParam, searchParam, pageNoParam, pageSizeParam, isCloudParam, sourceTypeParam, booleanParam("notOnlyInstalled")},
	},
	UninstallAgent: {
		method: "POST", path: "/v4/backup/uninstall-client-backup", in: inBody, run: (*state).uninstallAgent,
		params: []param{agentIDParam.must(), regionParam},
	},
	ListAgentsByHost: {
		method: "GET", path: "/v4/backup/client-by-instance-backup", in: inBody, run: (*state).listAgentsByHost,
		params: []param{regionParam, sourceHostParam, agentIDParam, pageNoParam, pageSizeParam},
	},
	CreateStorage: {
		method: "POST", path: "/v4/backup/create-storage-backup", in: inBody, run: (*state).createStorage,
		params: []param{
			clientTokenParam, regionParam, textParam("backupStorageName").must().like(storageNamePattern), capacityParam.must(),
			cycleTypeParam.must(), cycleCountParam.must(), integerParam("multiAz").oneOf(0, 1),
		},
		rules: []paramRule{cycleRule},
	},
	ListStorages: {
		method: "GET", path: "/v4/backup/query-storage-backup", in: inQuery, run: (*state).listStorages,
		params: []param{
			regionParam, storageIDParam, searchParam,
			textParam("backupStorageStatus").oneOf("Available", "Expire", "Refing", "Destorying"),
		},
	},
	ResizeStorage: {
		method: "POST", path: "/v4/backup/resize-storage-backup", in: inBody, run: (*state).resizeStorage,
		params: []param{clientTokenParam, storageIDParam.must(), capacityParam.must(), regionParam},
	},
	RenewStorage: {
		method: "POST", path: "/v4/backup/renew-storage-backup", in: inBody, run: (*state).renewStorage,
		params: []param{clientTokenParam, storageIDParam.must(), regionParam, cycleTypeParam.must(), cycleCountParam.must()},
		rules:  []paramRule{cycleRule},
	},
	UnsubscribeStorage: {
		method: "POST", path: "/v4/backup/refund-storage-backup", in: inBody, run: (*state).unsubscribeStorage,
		params: []param{clientTokenParam, storageIDParam.must(), regionParam},
	},
	CreatePlan: {
		method: "POST", path: "/v4/backup/new-backup-policy", in: inBody, run: (*state).createPlan,
		params: []param{
			regionParam, planNameParam.must(), sourceHostParam.must(), storageIDParam.must(), directTypeParam.must(), fileInfoParam,
			periodInfoParam.must(), retentionInfoParam.must(), fullInfoParam, limitInfoParam, isCloudParam, sourceTypeParam,
		},
		rules: []paramRule{fileRule, periodRule, retentionRule},
	},
	ListPlans: {
		method: "GET", path: "/v4/backup/query-backup-policy", in: inQuery, run: (*state).listPlans,
		params: []param{
			regionParam, sourceHostParam, planNameParam, planIDParam, textParam("backupPolicyStatus").oneOf("CreateSuccess", "Stop"),
			searchParam, isCloudParam, sourceTypeParam,
		},
	},
	OperatePlan: {
		method: "POST", path: "/v4/backup/action-backup-policy", in: inBody, run: (*state).operatePlan,
		params: []param{
			regionParam, planIDParam.must(), integerParam("backupPolicyOp").must().oneOf(1, 2, 3), integerParam("backupMode").oneOf(0, 1),
			isCloudParam, sourceTypeParam,
		},
	},
	UpdatePlan: {
		method: "POST", path: "/v4/backup/update-backup-policy", in: inBody, run: (*state).updatePlan,
		params: []param{
			regionParam, planIDParam.must(), planNameParam.must(), directTypeParam.must(), fileInfoParam, periodInfoParam.must(),
			retentionInfoParam.must(), fullInfoParam, limitInfoParam, isCloudParam, sourceTypeParam,
		},
		rules: []paramRule{fileRule, periodRule, retentionRule},
	},
	DeletePlan: {
		method: "POST", path: "/v4/backup/refund-backup-policy", in: inBody, run: (*state).deletePlan,
		params: []param{regionParam, planIDParam.must(), isCloudParam, sourceTypeParam},
	},
	ListTasks: {
		method: "GET", path: "/v4/backup/query-task-backup", in: inQuery, run: (*state).listTasks,
		params: []param{
			regionParam, sourceHostParam, searchParam,
			textParam("backupTaskStatus").oneOf("Completed", "Executing", "Failed", "Preparing", "Canceling"),
			isCloudParam, sourceTypeParam,
		},
	},
	CancelTask: {
		method: "POST", path: "/v4/backup/cancel-task-backup", in: inBody, run: (*state).cancelTask,
		params: []param{regionParam, taskIDParam.must(), isCloudParam, sourceTypeParam},
	},
	CreateRestore: {
		method: "POST", path: "/v4/backup/create-restore-backup", in: inBody, run: (*state).createRestore,
		params: []param{
			snapshotIDParam.must(), regionParam, textParam("backupTgtInstanceID"), textParam("backupTgtDir"),
			integerParam("backupExistFileMode").oneOf(0, 1, 2), integerParam("backupRestoreFuncType").oneOf(0, 1, 2),
			textsParam("backupRestoreFileList").atMost(10, 0), booleanParam("backupRestoreIncludeSysDirs"), isCloudParam, sourceTypeParam,
		},
		rules: []paramRule{restoreRule},
	},
	ListRestores: {
		method: "GET", path: "/v4/backup/query-restore-backup", in: inQuery, run: (*state).listRestores,
		params: []param{
			regionParam, restoreIDParam, sourceHostParam, searchParam,
			textParam("backupRestoreStatus").oneOf("RestoreCreating", "RestoreCreateFail", "RestoreCompleted",
				"RestoreRunning", "RestoreCanceling", "RestoreFail"),
			isCloudParam, sourceTypeParam,
		},
	},
	CancelRestore: {
		method: "POST", path: "/v4/backup/cancel-restore-backup", in: inBody, run: (*state).cancelRestore,
		params: []param{regionParam, restoreIDParam.must(), isCloudParam, sourceTypeParam},
	},
	ListSnapshots: {
		method: "GET", path: "/v4/backup/query-backup-snapshot", in: inQuery, run: (*state).listSnapshots,
		params: []param{
			regionParam, planNameParam, planIDParam, sourceHostParam, storageIDParam,
			textParam("backupSnapStatus").oneOf("Available", "NotAvailable", "Restoring"), searchParam, isCloudParam, sourceTypeParam,
		},
	},
	DeleteResource: {
		method: "POST", path: "/v4/backup/delete-resources-backup", in: inBody, run: (*state).deleteResource,
		params: []param{textParam("backupObjectID").must(), regionParam, isCloudParam, sourceTypeParam},
	},
	GetOrder: {
		method: "GET", path: "/v4/order/query-uuid", in: inQuery, run: (*state).showOrder,
		params: []param{textParam("masterOrderId").must()},
	},
	ListRegions: {
		method: "GET", path: "/v4/region/list-regions", in: inQuery, run: (*state).listRegions,
		params: []param{textParam("regionName")},
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
