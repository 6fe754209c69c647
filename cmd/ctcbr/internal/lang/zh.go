package lang

// chinese are the texts of the tool in Chinese. One paragraph is one line.
var chinese = map[string]string{
	// Help
	"Backups of Tianyi Cloud hosts (CT-CBR), from the command line": "天翼云云备份（CT-CBR）命令行工具",
	`Backups of Tianyi Cloud hosts (CT-CBR), from the command line.

Keys and region come from CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, or from ~/.ctyun/config.json.
Start with "ctcbr check", which says what is missing.

Exit status: 0 done, 1 failed, 2 wrong arguments, 3 an order or a change was sent and no response came.`: `天翼云云备份（CT-CBR）命令行工具。

密钥和资源池取自环境变量 CTYUN_AK、CTYUN_SK、CTYUN_REGION_ID，或配置文件 ~/.ctyun/config.json。
先运行 ctcbr check，它会告诉你还缺什么。

退出码：0 完成，1 失败，2 参数有误，3 订单或变更已发出，但没有收到响应。`,
	"Usage:": "用法：", "Aliases:": "别名：", "Examples:": "示例：", "Available Commands:": "命令：", "Additional Commands:": "其他命令：",
	"Flags:": "选项：", "Global Flags:": "通用选项：", "Additional help topics:": "其他帮助主题：",
	`Use "{{.CommandPath}} [command] --help" for more information about a command.`: `运行 {{.CommandPath}} [command] --help 查看某个命令的帮助。`,
	"List and show:":          "查询：",
	"Protect, run, restore:":  "保护、备份、恢复：",
	"Monitor:":                "监控：",
	"Tools:":                  "工具：",
	"Help about a command":    "查看某个命令的帮助",
	"help about this command": "查看本命令的帮助",
	"Generate the completion script for a shell: bash, zsh, fish or powershell": "生成 shell 补全脚本：bash、zsh、fish 或 powershell",

	// Flags of all commands
	"region, by name or `ID`": "资源池的名称或 `ID`",
	"`name` of a profile in ~/.ctyun/config.json; its keys and region take precedence":        "配置文件 ~/.ctyun/config.json 中配置项的`名称`，其密钥和资源池优先于其他来源",
	"`URL` of the service (CTCBR_ENDPOINT)":                                                   "服务的 `URL`（CTCBR_ENDPOINT）",
	"`kind` of hosts: CT-ECS, CT-DPS (bare metal), CT-LS (on premises); all kinds by default": "主机`类型`：CT-ECS、CT-DPS（物理机）、CT-LS（线下主机），默认为全部",
	"`format`: table, json or csv":                                                            "输出`格式`：table、json 或 csv",
	"`language`: en or zh; default from the locale":                                           "`语言`：en 或 zh，默认取自系统区域设置",
	"show every request as a curl command, with the signature masked":                         "以 curl 命令的形式显示每个请求，签名以 *** 代替",
	"print only results and errors":                                                           "只输出结果和错误",
	"wait no longer than this `time`; the job itself continues":                               "最长等待`时间`，到时不再等待，任务本身继续",

	// Reads
	"Hosts that can be protected": "可以保护的主机", "Vaults: what copies are kept in, and their orders": "存储库：存放副本的地方，以及相关订单",
	"Plans: what is backed up, when, and for how long it is kept": "备份计划：备份什么、何时备份、保留多久",
	"Backup copies": "备份副本", "Backup tasks: runs of plans": "备份任务：备份计划的每次执行", "Restores of copies to hosts": "恢复任务",
	"Regions (resource pools)": "资源池", "Orders": "订单",
	"List hosts": "列出主机", "List vaults": "列出存储库", "List plans": "列出备份计划", "List copies": "列出备份副本", "List tasks": "列出备份任务",
	"List restores": "列出恢复任务", "List regions": "列出资源池",
	"Show one host": "查看一台主机", "Show one vault": "查看一个存储库", "Show one plan": "查看一个备份计划", "Show one copy": "查看一个备份副本",
	"Show one task": "查看一个备份任务", "Show one restore": "查看一个恢复任务", "Show one region": "查看一个资源池", "Show one order": "查看一个订单",
	"only those of the host with this `name-or-ID`":                              "只看此主机的，可用`名称或ID`",
	"only those of the host with this `name-or-ID`; may be given more than once": "只看此主机的，可用`名称或ID`，可多次给出",
	"only those of plans with this `name-or-ID`":                                 "只看此备份计划的，可用`名称或ID`",
	"only those in the vault with this `name-or-ID`":                             "只看此存储库中的，可用`名称或ID`",
	"only those in this `state`, as the service writes it":                       "只看此`状态`的，按服务的写法",
	"Name": "名称", "ID": "ID", "Addresses": "IP 地址", "Kind": "类型", "System": "操作系统", "Agent": "备份客户端", "Host": "主机", "State": "状态",
	"Next run (Beijing time)": "下次执行（北京时间）", "Schedule": "周期", "Kept": "保留", "Directories": "目录", "Vault": "存储库", "Plan": "备份计划",
	"Created (Beijing time)": "创建时间（北京时间）", "Size": "容量", "Mode": "方式", "Done": "进度", "Started (Beijing time)": "开始时间（北京时间）",
	"Ended (Beijing time)": "结束时间（北京时间）", "Message": "说明", "To": "恢复到", "Files": "文件数", "Code": "代码", "Zones": "可用区", "Callable": "可调用",
	"Resource": "资源", "Resource IDs": "资源 ID", "Free": "剩余", "Expires (Beijing time)": "到期时间（北京时间）", "Expires": "到期",
	"yes": "是", "no": "否", "none": "无", "full": "全量", "incremental": "增量",
	"host": "主机", "vault": "存储库", "plan": "备份计划", "copy": "备份副本", "task": "备份任务", "restore": "恢复任务",
	"hosts": "主机", "plans": "备份计划", "copies": "备份副本", "tasks": "备份任务",

	// States
	"active": "正常", "stopped": "已停用", "could not be created": "创建失败", "available": "可用", "not available": "不可用", "being restored": "恢复中",
	"expired": "已到期", "unsubscribing": "退订中", "being destroyed": "销毁中", "preparing": "准备中", "running": "执行中", "completed": "已完成",
	"failed": "失败", "being canceled": "取消中", "canceled": "已取消", "being installed": "安装中", "could not be installed": "安装失败",
	"waiting for payment": "待支付", "paid": "已支付", "done": "已完成", "being paid": "支付中", "to be reviewed": "待审核", "review passed": "审核通过",
	"review failed": "审核未通过", "revoked": "已撤单", "unsubscribed": "已退订", "opening": "开通中", "removed by a change": "变更移除",
	"being revoked automatically": "自动撤单中", "being revoked by hand": "手动撤单中", "open": "未完结",

	"being aborted": "终止中", "payment failed": "支付失败", "to be withdrawn": "待撤回", "deleted": "已删除",
	"not listed yet": "尚未列出",

	// Counts
	"%d host": "%d 台主机", "%d hosts": "%d 台主机", "%d hour": "%d 小时", "%d hours": "%d 小时", "%d day": "%d 天", "%d days": "%d 天",
	"%d copy": "%d 个副本", "%d copies": "%d 个副本", "%d month": "%d 个月", "%d months": "%d 个月", "%d year": "%d 年", "%d years": "%d 年",
	"%d region": "%d 个资源池", "%d regions": "%d 个资源池", "%d vault": "%d 个存储库", "%d vaults": "%d 个存储库",

	// Errors and messages
	"See ctcbr --help.":                                       "用法见 ctcbr --help。",
	"stopped by a signal: %s":                                 "收到信号 %s，已停止",
	"the output could not be written: %s":                     "输出未能写完：%s",
	"there is no command %q":                                  "没有命令 %q",
	"; did you mean %s?":                                      "，是否想用 %s？",
	"wrong number of arguments; usage: %s":                    "参数个数有误，用法：%s",
	"an argument is empty":                                    "有参数为空",
	"--lang must be en or zh, is %q":                          "--lang 只能是 en 或 zh，现为 %q",
	"-o must be table, json or csv, is %q":                    "-o 只能是 table、json 或 csv，现为 %q",
	"--source must be CT-ECS, CT-DPS or CT-LS, is %q":         "--source 只能是 CT-ECS、CT-DPS 或 CT-LS，现为 %q",
	"several have the %s name %q, give the ID of one: %s: %w": "有多个%s名为 %q，请改用 ID：%s：%w",
	"and %d more":                                             "另有 %d 个",
	"%s of %s":                                                "%[2]s 的 %[1]s",
	"it continues; wait for it again with: %s":                "任务仍在进行，可用此命令继续等待：%s",
	"--at-most must be positive":                              "--at-most 必须大于零",
	"%s left":                                                 "剩余 %s",
	"%d of %d done":                                           "%[2]d 个中已完成 %[1]d 个",
	"the endpoint must be https://HOST":                       "终端节点应为 https://HOST",
	"the endpoint is not a URL":                               "终端节点不是 URL",
	"the path must begin with a slash":                        "路径必须以斜杠开头",
	"the path is not valid in a URL":                          "路径不是 URL 的路径",
	"the body to post is not JSON":                            "要提交的内容不是 JSON",
	"--timeout must be positive":                              "--timeout 必须大于零",

	// wait
	"Wait for running jobs":                     "等待进行中的任务",
	"Wait until backup tasks have ended":        "等待备份任务结束",
	"Wait until restores have ended":            "等待恢复任务结束",
	"Wait until orders are done":                "等待订单完成",
	"Wait until the agents of hosts are active": "等待主机的备份客户端激活",
	"the orders are unsubscriptions":            "这些是退订订单",

	// Orders
	"Order a vault; it costs money":                     "订购存储库（产生费用）",
	"Order more capacity for a vault; it costs money":   "扩容存储库（产生费用）",
	"Renew a vault; it costs money":                     "续订存储库（产生费用）",
	"Unsubscribe a vault, and destroy every copy in it": "退订存储库，并销毁其中所有副本",
	`This is an order. It shows what will be ordered, and asks you to type the name of the vault; scripts pass --confirm.
Before the order is sent, it is saved in a file (below XDG_STATE_HOME, or ~/.local/state): after a crash, the same command is the same order, never a second one. Once the order is finished, the same command reports it, and orders again only with --again.
Exit status 3 means that no response came: run the same command again.`: `此命令会下订单。先显示订单内容，再要求输入存储库的名称来确认，脚本里用 --confirm。
发出之前，订单会写进 XDG_STATE_HOME 或 ~/.local/state 下的文件：即使程序崩溃，再次运行同一条命令还是同一笔订单，不会重复下单。订单完成后，同一条命令只会报告这笔订单，加上 --again 才会重新下单。
退出码 3 表示没有收到响应：请再次运行同一条命令。`,
	"keep copies in several availability zones, if the region has them":                                                           "副本存放在多个可用区（资源池支持时）",
	"capacity in `GB`, 100 to 1024000; when resizing, the new total":                                                              "容量（`GB`），100 至 1024000；扩容时为扩容后的总容量",
	"pay for this `number` of months, 1 to 11":                                                                                    "订购的`月数`，1 至 11",
	"pay for this `number` of years, 1 to 3":                                                                                      "订购的`年数`，1 至 3",
	"the `name` of the vault, instead of typing it":                                                                               "存储库的`名称`，代替手工输入",
	"order again although the same was ordered before":                                                                            "即使曾经订购过相同内容，也重新订购",
	"the name %q cannot be that of a vault: it holds digits, letters and \"-\", begins with a letter and does not end with \"-\"": "%q 不能作为存储库名称：只能含数字、字母和 \"-\"，以字母开头，不能以 \"-\" 结尾",
	"--size must be 100 to 1024000 GB, is %d":                                                                                     "--size 应为 100 至 1024000 GB，现为 %d",
	"give either --months or --years":                                                                                             "请给出 --months 或 --years 其中之一",
	"--months must be 1 to 11, is %d":                                                                                             "--months 应为 1 至 11，现为 %d",
	"--years must be 1 to 3, is %d":                                                                                               "--years 应为 1 至 3，现为 %d",
	"--confirm is %q, and the vault is %q":                                                                                        "--confirm 为 %q，而存储库是 %q",
	"Order the vault %s with %d GB for %s.":                                                                                       "订购存储库 %s，容量 %d GB，时长 %s。",
	"In several availability zones.":                                                                                              "存放在多个可用区。",
	"Enlarge the vault %s from %s to %d GB.":                                                                                      "将存储库 %s 从 %s 扩容到 %d GB。",
	"Renew the vault %s, which expires %s, for %s.":                                                                               "续订存储库 %s（%s 到期），时长 %s。",
	"Unsubscribe the vault %s (%s), and destroy every copy in it.":                                                                "退订存储库 %s（%s），并销毁其中所有副本。",
	"This destroys %s of %s, and cannot be undone.":                                                                               "将一并销毁 %[1]s，涉及 %[2]s，且无法撤销。",
	"Type the name of the vault to order this:":                                                                                   "请输入存储库的名称以确认：",
	"not confirmed, nothing was ordered: type the name, or give --confirm %s":                                                     "未确认，没有下单：请输入名称，或加上 --confirm %s",
	"%q is not the name of the vault: nothing was ordered":                                                                        "%q 不是该存储库的名称，没有下单",
	"there is a vault %s already (%s): nothing was ordered":                                                                       "已有存储库 %s（%s），没有下单",
	"continuing the order that was started at %s Beijing time":                                                                    "继续处理北京时间 %s 开始的订单",
	"this was ordered at %s Beijing time: order %s, %s; to order it again, pass --again":                                          "相同内容已于北京时间 %s 订购：订单 %s，%s；如需重新订购，请加上 --again",
	"this was ordered with the access key %s: use that key, or check the result of the order and delete %s":                       "此订单由访问密钥 %s 发起：请使用该密钥，或先查明订单结果，再删除 %s",
	"the order could not be saved, and was not sent":                                                                              "订单无法写入文件，因此没有发出",
	"no response came; run the same command again: it is the same order, %s":                                                      "没有收到响应；请再次运行同一命令，它仍是同一个订单（%s）",
	"an earlier run may have placed the order; run the same command again":                                                        "此前的运行可能已经下单；请再次运行同一命令",
	"the order %s was placed, but could not be saved: %w":                                                                         "订单 %s 已提交，但未能写入文件：%w",
	"order %s is placed": "已提交订单 %s",
	"order %s":           "订单 %s",
	"Order":              "订单",
	"Result":             "结果",

	// protect
	"Protect hosts: install an agent and create a plan where missing": "保护主机：装好备份客户端，建好备份计划",
	`Gives hosts an active agent and a plan, where they are missing. It checks first what exists, so it can be run again at any time, even after a crash. A plan that exists and differs is reported and not changed, unless --update is given.

  ctcbr protect web-01 'db-*' --plan nightly --vault vault --daily 2 --keep-days 30 --dir /etc --dir /var/lib
  ctcbr protect -f nightly.yaml --dry-run

The file holds the same in YAML, for one plan or for several with --- between them:

  plan: nightly
  vault: vault
  hosts: [web-01, "db-*"]
  daily: 2            # or hourly: true, weekly: sunday@2, monthly: 1@2
  keepDays: 30        # or keepForever: true
  dirs: [/etc, /var/lib]   # or allDirs: true
  exclude: [/var/lib/cache]
  limits: ["9-18=10MB"]

The exit status is 0 only if every host has an active agent and the plan as specified.`: `给主机装好备份客户端、建好备份计划，已有的不重复创建。命令先检查现状再执行，所以可以反复运行，崩溃之后也一样。已有的计划与要求不一致时只报告，不改动，除非加上 --update。

  ctcbr protect web-01 'db-*' --plan nightly --vault vault --daily 2 --keep-days 30 --dir /etc --dir /var/lib
  ctcbr protect -f nightly.yaml --dry-run

文件用 YAML 写同样的内容，可写一个计划，也可写多个，以 --- 分隔：

  plan: nightly
  vault: vault
  hosts: [web-01, "db-*"]
  daily: 2            # 或 hourly: true、weekly: sunday@2、monthly: 1@2
  keepDays: 30        # 或 keepForever: true
  dirs: [/etc, /var/lib]   # 或 allDirs: true
  exclude: [/var/lib/cache]
  limits: ["9-18=10MB"]

只有每台主机的备份客户端和备份计划都符合要求，退出码才是 0。`,
	"`name` of the plan":        "备份计划的`名称`",
	"`name-or-ID` of the vault": "存储库的`名称或ID`",
	"back up every hour":        "每小时备份",
	"back up every day at this `hour`, 0 to 23, Beijing time":                                    "每天在此`整点`备份，0 至 23，北京时间",
	"back up every week at this `day@hour`, such as sunday@2":                                    "每周在此`日@时`备份，如 sunday@2 或 周日@2",
	"back up every month at this `day@hour`, such as 1@2":                                        "每月在此`日@时`备份，如 1@2",
	"keep copies for this `number` of days":                                                      "副本保留的`天数`",
	"keep copies until they are deleted":                                                         "永久保留副本，直到手工删除",
	"back up this `directory`; may be given up to ten times":                                     "备份此`目录`，最多可给出十次",
	"back up all directories":                                                                    "备份所有目录",
	"exclude this `path` of the directories; may be given up to ten times":                       "排除目录中的此`路径`，最多可给出十次",
	"limit uploads between two hours, such as `9-18=10MB` a second; may be given more than once": "限制某时段的上传速率，如 `9-18=10MB` 表示 9 点至 18 点每秒 10 MB，可多次给出",
	"read the plan from this `file`; - is the standard input":                                    "从此`文件`读取要求，- 表示标准输入",
	"read the names or IDs of hosts from this `file`, one per line; - is the standard input":     "从此`文件`读取主机的名称或 ID，每行一个，- 表示标准输入",
	"show what would be done, and do nothing":                                                    "只说明会做什么，不实际执行",
	"change existing plans that differ":                                                          "修改与要求不一致的已有计划",
	"there is no plan in it":                                                                     "其中没有计划",
	"--plan is required":                                                                         "缺少 --plan",
	"--vault is required":                                                                        "缺少 --vault",
	"give hosts, by name, ID or pattern, or --hosts FILE":                                        "请给出主机的名称、ID 或通配符，或 --hosts 文件",
	"give either --keep-days with at least 1, or --keep-forever":                                 "请给出 --keep-days（至少 1）或 --keep-forever 其中之一",
	"give either one to ten directories with --dir, or --all-dirs":                               "请用 --dir 给出一至十个目录，或给出 --all-dirs",
	"give one of --hourly, --daily, --weekly and --monthly":                                      "请给出 --hourly、--daily、--weekly、--monthly 其中之一",
	"--weekly must be a day and an hour, such as sunday@2, is %q":                                "--weekly 应为日和时，如 sunday@2，现为 %q",
	"--monthly must be a day and an hour, such as 1@2, is %q":                                    "--monthly 应为日和时，如 1@2，现为 %q",
	"--limit must be two hours and a rate, such as 9-18=10MB, is %q":                             "--limit 应为时段和速率，如 9-18=10MB，现为 %q",
	"the standard input cannot be both the plan and the hosts":                                   "标准输入不能既是计划又是主机列表",
	"%s: there is no host in it":                                                                 "%s：其中没有主机",
	"%q is not a pattern":                                                                        "%q 不是合法的通配符",
	"no host matches %q: %w":                                                                     "没有主机匹配 %q：%w",
	"the vault %s is %s, and cannot be backed up to":                                             "存储库 %s 的状态为%s，不能备份到其中",
	"%s: the plan %s exists and differs; --update would change it: %s":                           "%s：计划 %s 与要求不一致，加上 --update 才会修改：%s",
	"it is stopped":                            "已停用",
	"%s: %s, was %s":                           "%s：应为 %s，原为 %s",
	"%s: %s, not clear: %s":                    "%s：应为 %s，无法确定：%s",
	"nothing was done; this would be done: %s": "没有执行任何操作；如果执行，将会：%s",
	"another run is protecting hosts of this region; waiting for it to end":                   "另一个进程正在保护此资源池的主机，等待其结束",
	"an earlier run was interrupted: checking for up to %s what it created":                   "上次运行中断了：正在查找它创建的内容，最多 %s",
	"`time` in which the service must list what was created, before it counts as not created": "服务列出新建内容允许的延迟`时长`，超过则视为未创建",
	"--listed-within must be positive":                                                        "--listed-within 必须大于零",
	"created":                                                                                 "已创建", "updated": "已修改", "enabled": "已启用", "unchanged": "无变化", "differs": "不同", "unknown": "未知",
	"to be created": "将创建", "to be updated": "将修改", "to be enabled": "将启用",
	"installed": "已安装", "to be installed": "待安装", "Differences": "差异",

	// run
	"Run plans now, and wait for their copies": "立即执行备份计划，并等待副本完成",
	`A name runs the plans of that name on all hosts, or on those given with --host. The command follows all of them until the last one has ended. Each run is sent only once: if no response comes, the command looks for its task.
A signal ends the command, but not the backups, which continue at the service.
The exit status is 0 only if every plan has completed its copy.`: `给出名称，就执行所有主机上的同名计划，可以用 --host 限定主机。命令会同时跟踪所有任务，直到最后一个结束。每个计划只执行一次：没有收到响应时，会去查找它的任务。
信号只会结束本命令，备份在服务端继续进行。
只有每个计划都生成了副本，退出码才是 0。`,
	"run every active plan":                            "执行所有启用的计划",
	"make full copies instead of incremental ones":     "做全量备份，而不是增量备份",
	"give plans by name or ID, or --all":               "请给出计划的名称或 ID，或 --all",
	"there is no active plan to run":                   "没有可执行的启用的计划",
	"%s: no response came, but there is a new task %s": "%s：没有收到响应，但有新任务 %s",
	"%d of %d plans have completed their copies":       "%[2]d 个计划中有 %[1]d 个生成了副本",
	"Took": "耗时", "Copy": "副本", "Task": "任务", "vanished": "已消失", "notRun": "未执行",

	// restore start
	"Restore the newest copy of a host, and wait until that is done": "恢复主机的最新副本，并等待完成",
	`Restores the newest copy of the host: to a directory on the same or another host, or in place, which overwrites what is there.
It is an error if the newest copy cannot be used; --allow-older uses the newest one that can be. If a host has copies of several plans, restoring in place needs --plan.
A signal ends the command, but not the restore, which continues at the service.`: `恢复主机的最新副本：恢复到本机或另一台主机的目录，或恢复到原位置，覆盖现有数据。
最新副本不可用时报错；加上 --allow-older，则使用可用副本中最新的一个。主机有多个计划的副本时，恢复到原位置必须指定 --plan。
信号只会结束本命令，恢复在服务端继续进行。`,
	"restore to this `directory`":                                              "恢复到此`目录`",
	"restore to the original paths, and overwrite what is there":               "恢复到原位置，覆盖现有数据",
	"the copy of the plan with this `name-or-ID`":                              "取此备份计划的副本，可用`名称或ID`",
	"the copy with this `ID`, instead of the newest":                           "取此 `ID` 的副本，而不是最新的",
	"restore to this `host`, instead of the one that was backed up":            "恢复到此`主机`，而不是被备份的主机",
	"restore only this `path`; may be given up to ten times":                   "只恢复此`路径`，最多可给出十次",
	"what to do with existing files: overwrite, skip or keep-newer":            "已有文件如何处理：overwrite 覆盖、skip 跳过、keep-newer 保留较新的",
	"refuse a copy that is older than this `time`, such as 26h":                "拒绝早于此`时长`的副本，如 26h",
	"take an older copy if the newest cannot be used":                          "最新副本不可用时取较早的副本",
	"also restore system directories, in place":                                "恢复到原位置时也恢复系统目录",
	"give either --to with a directory, or --in-place":                         "请给出 --to 目录或 --in-place 其中之一",
	"--existing must be overwrite, skip or keep-newer, is %q":                  "--existing 只能是 overwrite、skip 或 keep-newer，现为 %q",
	"--copy selects the copy: it excludes --plan, --max-age and --allow-older": "--copy 已指定副本，不能与 --plan、--max-age、--allow-older 同用",
	"--max-age must be positive":                                               "--max-age 必须大于零",
	"--path may be given up to ten times":                                      "--path 最多可给出十次",
	"--system-dirs requires --in-place":                                        "--system-dirs 只能与 --in-place 同用",
	"the host %s has no active agent, and cannot be restored to":               "主机 %s 没有激活的备份客户端，不能恢复到其中",
	"the copy %s is one of %s":                                                 "副本 %s 属于 %s",
	"restore of %s":                                                            "恢复 %s",

	// report
	"Report what is protected and what is not": "报告哪些已受保护、哪些没有",
	`Reports vaults, hosts, what is not protected and why, and failed backups. It only reads.

  ctcbr report --fail                       exit status 1 if anything is not protected, for cron
  ctcbr report -o html --out report.html    a page, with a chart for each host
  ctcbr report --hosts-only >hosts.txt      the hosts that lack an agent or a plan, for protect --hosts

Without --max-age, a copy is too old if the last run that was due has produced none. A region without hosts is not protected.`: `报告存储库、主机、哪些没有保护好及其原因，以及失败的备份。只读取。

  ctcbr report --fail                       有没保护好的就以退出码 1 结束，适合 cron
  ctcbr report -o html --out report.html    生成网页，每台主机有一张图表
  ctcbr report --hosts-only >hosts.txt      缺少客户端或计划的主机，供 protect --hosts 使用

不给出 --max-age 时，以计划周期为准：最近一次应执行的备份没有留下副本，即为过旧。没有主机的资源池视为未受保护。`,
	"exit with status 1 if anything is not protected":                                        "有没保护好的就以退出码 1 结束",
	"print the IDs of the hosts that lack an agent or a plan, and nothing else":              "只输出缺少客户端或计划的主机 ID",
	"write the report to this `file`":                                                        "将报告写入此`文件`",
	"maximum `age` of the newest copy of a plan, such as 26h":                                "最新副本允许的最大`时长`，如 26h",
	"`time` that a run may take to produce its copy, if there is no --max-age":               "未给出 --max-age 时，允许一次备份耗费的`时长`",
	"`percent` of a vault that should be free":                                               "存储库应有的剩余`百分比`",
	"`number` of days that a vault should last":                                              "存储库距到期应有的`天数`",
	"`number` of days that the charts of the page show, 7 to 92":                             "网页图表显示的`天数`，7 至 92",
	"--max-age and --grace must be positive":                                                 "--max-age 和 --grace 必须大于零",
	"--min-free must be 0 to 100, is %d":                                                     "--min-free 应为 0 至 100，现为 %d",
	"--min-days must be 0 to 36500, is %d":                                                   "--min-days 应为 0 至 36500，现为 %d",
	"--days must be 7 to 92, is %d":                                                          "--days 应为 7 至 92，现为 %d",
	"--hosts-only excludes -o":                                                               "--hosts-only 不能与 -o 同用",
	"%d hosts, %d of them not fully protected; %d copies; %d backups failed; %d gaps in all": "共 %d 台主机，其中 %d 台未受完整保护；%d 个副本；%d 次备份失败；共 %d 处缺口",
	"Vaults": "存储库", "What is not protected": "未受保护", "What failed": "失败的备份", "Hosts": "主机", "Host or vault": "主机或存储库",
	"Why": "原因", "When": "时间", "Newest copy": "最新副本", "Newest copy (Beijing time)": "最新副本（北京时间）", "Details": "详情", "Copies": "副本数",
	"the region": "资源池", "protected": "已受保护",
	"no agent": "没有备份客户端", "agent not active": "备份客户端未激活", "no plan": "没有备份计划", "plan stopped": "计划已停用", "no snapshot": "没有可用副本",
	"snapshot too old": "副本过旧", "plan not active": "计划状态异常", "duplicate plan": "计划重名", "host gone": "主机已不存在", "last run failed": "最近一次备份失败",
	"no hosts": "没有主机", "unreadable": "无法判断", "vault not active": "存储库状态异常", "vault expiring": "存储库即将到期", "vault full": "存储库空间不足",

	// The page
	"Backups": "备份报告", "Backups: %s not fully protected": "备份报告：%s未受完整保护", "Backups: there are problems": "备份报告：存在问题", "Backups: all protected": "备份报告：全部受保护",
	"%s Beijing time.": "北京时间 %s。", "Copies must not be older than %s.": "副本不得早于 %s。",
	"Copies are too old if the last run that was due has produced none.": "最近一次应执行的备份没有留下副本，即为过旧。",
	"Summary": "概要", "fully protected": "受完整保护", "not fully protected": "未受完整保护", "copies, %s": "个副本，%s", "copy, %s": "个副本，%s", "%s of %s in all": "%s（共 %s）", "in order": "正常",
	"%d%% used": "已用 %d%%", "in %s": "剩 %s", " (%s)": "（%s）", "Copies in the last %d days": "最近 %d 天的副本",
	"a day with a copy": "有副本的日子", "a day without": "没有副本的日子", "Copies kept": "保留的副本", "No copies in these days.": "这些天没有副本。",
	"There are no hosts here.": "这里没有主机。", "Check the region and the kind of hosts of the report.": "请检查报告所针对的资源池和主机类型。",
	"Days begin at midnight, Beijing time. Sizes are what was written to the vault; 1 KB is 1024 bytes.": "每天从北京时间零点算起。大小为写入存储库的数据量，1 KB 为 1024 字节。",
	"in the future": "在未来", "just now": "刚刚", "%d min ago": "%d 分钟前", "%d h ago": "%d 小时前", "%d days ago": "%d 天前",
	"%s in %d days, %s at most on one day": "%[2]d 天内 %[1]s，单日最多 %[3]s", "no copy": "没有副本", ", full %s": "，全量 %s", ", incremental %s": "，增量 %s",

	// watch
	"Serve metrics for Prometheus: what is protected and what is not": "为 Prometheus 提供指标：哪些已受保护、哪些没有",
	`Metrics are at /metrics; /healthz returns 200 as long as the data is at most three intervals old. The service is polled at the interval, never because of a scrape.
Alert rules and a dashboard are in cmd/ctcbr/deploy of the source; docs/operators.md names every metric and its labels.`: `指标位于 /metrics；只要数据没有超过三个间隔，/healthz 就返回 200。只按间隔查询服务，抓取指标不会触发查询。
告警规则和仪表盘位于源码的 cmd/ctcbr/deploy；每个指标及其标签见 docs/operators.zh-CN.md。`,
	"`address` to serve at":                   "监听`地址`",
	"`time` between two polls of the service": "两次查询服务的`间隔`",
	"--interval must be at least 1s":          "--interval 至少为 1s",
	"metrics at http://%s/metrics":            "指标位于 http://%s/metrics",
	"the service responds again":              "服务已恢复响应",

	// check
	"Check the setup: keys, clock, proxy, region, service, permissions": "检查还缺什么：密钥、时钟、代理、资源池、服务、权限",
	`It only reads, and checks keys, clock, proxy, region, whether the service is activated, and read permissions. For every problem it says what to do.
The exit status is 1 if something failed.`: `只读检查：密钥、时钟、代理、资源池、服务是否开通、读取权限。有问题的项目会说明该怎么办。
有项目失败时，退出码为 1。`,
	"Check": "检查项", "Found": "结果说明", "What to do": "下一步", "ok": "正常", "warning": "警告", "skipped": "跳过",
	"keys": "密钥", "clock": "时钟", "proxy": "代理", "access": "访问", "region": "资源池", "service": "服务", "permissions": "权限",
	"from the configuration file": "取自配置文件", "profile %s": "配置项 %s", "from CTYUN_AK and CTYUN_SK": "取自 CTYUN_AK 和 CTYUN_SK",
	"Set CTYUN_AK and CTYUN_SK to a key pair of the console (AccessKey), or write ~/.ctyun/config.json.": "将 CTYUN_AK 和 CTYUN_SK 设为控制台的 AccessKey，或编写 ~/.ctyun/config.json。",
	"Correct --endpoint or CTCBR_ENDPOINT.": "请更正 --endpoint 或 CTCBR_ENDPOINT。", "HTTPS_PROXY is not a URL": "HTTPS_PROXY 不是 URL",
	"Correct HTTPS_PROXY, or unset it.": "请更正或取消 HTTPS_PROXY。", "none for %s": "访问 %s 不经代理",
	"Check that the key pair is enabled, that the secret key belongs to it, and that this machine's clock is right.": "请检查密钥是否启用、SK 是否与 AK 配对，以及本机时钟是否准确。",
	"Try again later, and give the request ID to the support of the service if it persists.":                         "请稍后再试；如仍失败，请将请求 ID 提供给天翼云客服。",
	"Check the network: the name must resolve, and port 443 must be open or HTTPS_PROXY set.":                        "请检查网络：域名必须能解析，443 端口必须放通，或设置 HTTPS_PROXY。",
	"%s off": "相差 %s", "Set the clock: timedatectl set-ntp true.": "请校准时钟：timedatectl set-ntp true。", "none is set": "未设置",
	"Choose one of \"ctcbr region list\", and set CTYUN_REGION_ID to its ID or give --region.": "请从 ctcbr region list 中选择，将 CTYUN_REGION_ID 设为其 ID，或给出 --region。",
	"%s is marked as not callable by the API":                                                  "%s 标明不支持 API 调用", "Choose another region, or ask the support of the service.": "请换一个资源池，或咨询天翼云客服。",
	"no vault, the service may not be activated":                                   "没有存储库，服务可能尚未开通",
	"Activate the service in the console, then order a vault: ctcbr vault create.": "请在控制台开通服务，再订购存储库：ctcbr vault create。",
	"Grant the user permission to read cloud backup (CBR).":                        "请为该用户授予云备份（CBR）的读取权限。",
	"hosts, plans, copies and tasks can be read":                                   "可以读取主机、备份计划、副本和任务",

	// api and fake
	"Call any OpenAPI of Tianyi Cloud with a signature; without a path, list the regions": "调用天翼云任意 OpenAPI 并签名；不给路径时列出资源池",
	`The path may have a query; quote it then. With --post the body is JSON: given directly, from a file (@FILE), or from the standard input (@-).
The request is sent once. The response is printed even if it is a failure; the exit status is 0 only if its HTTP status and its statusCode mean success.`: `路径可带查询参数，此时应加引号。--post 的内容为 JSON：直接给出，取自文件（@FILE），或取自标准输入（@-）。
请求只发送一次。无论成败都输出响应；只有 HTTP 状态码和 statusCode 都表示成功，退出码才是 0。`,
	"POST this `JSON` instead of a GET":                                "以 POST 提交此 `JSON`，而不是 GET",
	"send to the endpoint of orders and regions":                       "发送到订单和资源池的终端节点",
	"`time` that the call may take":                                    "调用允许的`时长`",
	"Serve a fake CT-CBR in memory, to try things out and to rehearse": "在内存中模拟 CT-CBR 服务，供试用和演练",
	`Prints what a client needs, as lines that a shell can source:

  ctcbr fake --hosts 50 >fake.env & sleep 1; set -a; . ./fake.env; ctcbr host list

With --hosts, the service is activated and has that many hosts and a vault named vault.
"ctcbr fake fail task" makes the next backup of that cloud fail, "ctcbr fake advance 26h" moves its clock.
It serves only on this machine, until it is interrupted.`: `输出客户端所需的环境变量，可由 shell 读取：

  ctcbr fake --hosts 50 >fake.env & sleep 1; set -a; . ./fake.env; ctcbr host list

给出 --hosts 时，服务已开通，有相应数量的主机和名为 vault 的存储库，可供演练。
ctcbr fake fail task 使下一次备份失败，ctcbr fake advance 26h 拨快其时钟。
只在本机提供服务，直到被中断。`,
	"loopback `address` to listen on; port 0 picks a free one":                        "监听的本机回环`地址`，端口 0 表示任选空闲端口",
	"`time` to run; 0 runs until interrupted":                                         "运行`时长`，到时结束；0 表示直到被中断",
	"access `key` that clients must use; not a real one":                              "客户端使用的访问`密钥`，切勿使用真实密钥",
	"secret `key` that clients must sign with; not a real one":                        "客户端签名用的`私钥`，切勿使用真实密钥",
	"start with this `number` of hosts, an activated service and a vault named vault": "初始`主机数`，同时开通服务并建好名为 vault 的存储库",
	"--hosts must be 0 to %d, is %d":                                                  "--hosts 应为 0 至 %d，现为 %d",
	"%s is not a loopback address":                                                    "%s 不是本机回环地址",
	"Make the next job of the fake cloud fail":                                        "使模拟服务的下一个任务失败",
	"the reason that the service gives":                                               "服务给出的失败说明",
	"there is no job %q: give order, install, task or restore":                        "没有任务类型 %q：请给出 order、install、task 或 restore",
	"Move the clock of the fake cloud forward":                                        "拨快模拟服务的时钟",
	"%q is not a positive time, such as 26h":                                          "%q 不是大于零的时长，例如 26h",
	"no fake cloud: set CTCBR_ENDPOINT to what \"ctcbr fake\" printed":                "没有模拟服务：请将 CTCBR_ENDPOINT 设为 ctcbr fake 的输出",
	"the fake cloud responded %s: %s":                                                 "模拟服务返回 %s：%s",
}
