// Package wirejson decodes the JSON of responses in one pass, either whole or, for lists, item by
// item.
//
//	s := wirejson.NewScanner(body, 64<<20)   at most 64 MiB, or 64 MiB between two marks
//	defer s.Free()
//	s.Decode(&envelope)                      members that have a ReadJSON read themselves
//	err := s.End()                           nothing but white space follows
//
// It accepts what encoding/json accepts, and decodes it to the same values; differential fuzz tests
// verify that. In addition:
//
//   - A value of the wrong type affects only itself: its field is left unchanged, and nothing fails.
//     [Scanner.Decode] returns the error of an UnmarshalJSON, which does not stop the scanner either.
//   - The text is checked while it is decoded, so a text that is not JSON is decoded up to the error.
//     [Scanner.End] returns whether the decoded values can be trusted.
//   - Errors say what happened: [*SyntaxError], [io.ErrUnexpectedEOF] for a truncated text,
//     [ErrTooLarge], the unchanged error of the reader, or the error that was passed to
//     [Scanner.Fail].
//   - For any input, it reads at most one byte more than its limit, accepts at most 10,000 levels of
//     nesting, and examines each byte once, even if the bytes arrive one by one.
//   - It needs little memory besides the values: a window of 32 KiB that scanners reuse, and strings
//     in shared blocks of at most 1 KiB, so that keeping one string does not keep the whole text. A
//     string that equals the previous one of its field is stored once.
//   - If an object has a list twice, no element of the first remains in the second.
//
// # Tags
//
// Fields are found by their json tags, in any case of letters. Two more tags replace an UnmarshalJSON
// with a struct of its own:
//
//	Created Time   `json:"backupStorageCreatTime" or:"backupStorageCreateTime"`
//	ID      string `json:"masterOrderID" wire:"lenient,once"`
//	Enabled *bool  `json:"isLimitQos" wire:"lenient"`
//	Tasks   []Task `json:"backupTaskList" wire:"list"`
//
// A field with a second name (or) is read under both. The value under the first name wins unless it is
// empty: null, a blank string, an empty list, or zero. A lenient string accepts a number and keeps its
// text, and a lenient integer accepts a string. A lenient *bool accepts strings and numbers, and is nil
// if they are neither true nor false.
//
// A field with the option once must not have two different values in one object. A field with the option
// list must be a list, given once; null and an empty string stand for an empty list. [Scanner.Decode]
// returns a violation as it returns the error of an UnmarshalJSON.
//
// A struct with one of these tags is decoded by them even if it has an UnmarshalJSON. That method is
// then for users of encoding/json, and calls [Unmarshal].
//
// # Methods
//
// A type with a ReadJSON reads itself from the scanner: see [Reader]. The UnmarshalJSON of a type is
// called as by encoding/json, except for types of kind string: a JSON string is stored unchanged, and
// the method is called only for other values, for which it can use [Text]. Other kinds (maps, arrays,
// interfaces, floats, unsigned integers, []byte, and structs that embed a pointer) are decoded by
// encoding/json, from a value that the scanner has checked.
//
// # Why
//
// Speed. With encoding/json a response is processed three times: read to its end, checked, and
// decoded. Its token reader, for lists, examines every byte twice and allocates each token. Measured
// on one machine with
//
//	go test -run '^$' -bench . ./internal/wirejson
//
// a response of 0.7 KB takes 2.3 µs and 2 allocations besides the values, instead of 9 µs and 31 with
// io.ReadAll and json.Unmarshal. A list of 6 MB takes 15 ms whole and 9 ms item by item, instead of
// 64 ms.
package wirejson
