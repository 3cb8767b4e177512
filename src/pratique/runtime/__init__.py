"""What runs is held to what was signed: workloads, kernel events, the allow-list, runtime reports and responses.

`allowlist` turns a verified file manifest into the question "may these bytes run?"; `report` counts the answers. Both are pure,
as are `mountinfo` (which mounts to watch, and how, so that nothing outside the container is ever touched) and `remember` (which
answers may be kept). `fanotify` binds the kernel, `workloads` the container engine, `marks` says where one container is watched,
`writers` who can still change a file, `watch` decides, `respond` freezes or stops, `clerk` writes, and `agent.run_agent` is the
life around them. Import from the submodules: they are loaded when used.

What it cannot see, it says: scripts given to an interpreter cannot be told from data unless `strict_scripts` asks for it;
if the agent dies the kernel lets everything pass (fail open), and the missing report is the only witness.
"""
