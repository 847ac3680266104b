/// This build's version, as `/version` and `--version` show it.
let daemonVersion = "0.1.0"
