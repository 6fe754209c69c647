// Package wirejson reads the JSON of the wire: answers read whole and lists read item by item, by
// one scanner in one pass.
//
//	s := wirejson.NewScanner(body, 64<<20)   at most 64 MiB, or 64 MiB between two marks
//	defer s.Free()
//	s.Decode(&envelope)                      members that have a ReadJSON read themselves
//	err := s.End()                           nothing but white space follows
//
// It takes what encoding/json takes, and decodes it to the same values. Differential fuzz targets
// hold it to that. What it promises beyond:
//
//   - A value of the wrong type costs that value alone: it stays as it was, and nothing fails. An
//     error that an UnmarshalJSON returns is handed on by [Scanner.Decode], and does not end the
//     text either.
//   - A text is checked while it is decoded. Of a text that is not JSON, what came before is
//     decoded, too: whoever asks for values must ask [Scanner.End] whether to believe them.
//   - Errors tell what happened: [*SyntaxError], [io.ErrUnexpectedEOF] for a text that is cut short,
//     [ErrTooLarge], the error of the reader as it came, or the caller's own of [Scanner.Fail].
//   - Whatever comes, it reads no more than its limit and one byte, nests no deeper than 10,000
//     levels, and looks at each byte once, however slowly it comes.
//   - Memory is that of the values: a window of 32 KiB that scanners share one after the other, and
//     texts in shared blocks of 1 KiB at most, so that whoever keeps one text keeps no answer. A text
//     that equals the last one of its field is not kept again.
//   - Of a list that is given twice, nothing of the first remains in the second.
//
// # Tags
//
// Fields are found by their json tags, whatever the case of the letters. Two more tags save an
// UnmarshalJSON with a struct of its own:
//
//	Created Time   `json:"backupStorageCreatTime" or:"backupStorageCreateTime"`
//	ID      string `json:"masterOrderID" wire:"lenient,once"`
//	Enabled *bool  `json:"isLimitQos" wire:"lenient"`
//	Tasks   []Task `json:"backupTaskList" wire:"list"`
//
// A field with a second name is read under either. What comes under the first name counts, unless it
// says nothing: null, a blank text, an empty list, zero. A lenient string takes a number for what is
// written, and a lenient integer takes one that is written as text. A lenient *bool takes text and numbers, and is nil for what is neither true nor false.
//
// A text that is given once must not come again with another value in the same object, and a list must
// be one: null and an empty text stand for an empty list, all else and a second list do not. What is
// wrong with either is an error of [Scanner.Decode], like that of an UnmarshalJSON.
//
// A struct with one of these tags is read by them even if it has an UnmarshalJSON. That is then for
// users of encoding/json, and calls [Unmarshal].
//
// # Methods
//
// A type with a ReadJSON reads itself from the scanner: see [Reader]. One with an UnmarshalJSON is
// given its value as for encoding/json. The exception is a type of kind string: a JSON string is
// stored as it is, and its method is asked only for other values. [Text] is what it needs for them.
// Kinds without a plan (maps, arrays, interfaces, floats, unsigned numbers, []byte, and structs that
// embed a pointer) are left to encoding/json, with the value that the scanner has checked.
//
// # Why
//
// encoding/json reads an answer three times: it is read to its end, checked, and decoded. Its token
// reader, for lists, looks at every byte twice and allocates each token. The figures, from
//
//	go test -run '^$' -bench . ./internal/wirejson
//
// on one machine: an answer of 0.7 KB takes 2.3 µs and 2 allocations besides the values, where
// io.ReadAll and json.Unmarshal take 9 µs and 31. A list of 6 MB takes 15 ms whole and 9 ms item by
// item, where they take 64 ms.
package wirejson
