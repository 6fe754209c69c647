package lang

var chinese = map[string]string{}
