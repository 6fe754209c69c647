package wirejson_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// envelope is what an answer is wrapped in.
type envelope struct {
	StatusCode status  `json:"statusCode"`
	Message    text    `json:"message"`
	ReturnObj  content `json:"returnObj"`
}

// status takes 800 and "800", and counts how often it was given.
type status struct {
	text string
	seen int
}

func (s *status) ReadJSON(from *wirejson.Scanner) {
	s.seen++
	s.text = from.Text()
}

// text takes whatever was written.
type text string

func (t *text) ReadJSON(from *wirejson.Scanner) { *t = text(from.Text()) }

// content reads the returnObj in the way of the call.
type content struct {
	read func(*wirejson.Scanner)
	seen int
}

func (c *content) ReadJSON(from *wirejson.Scanner) {
	if c.seen++; c.seen > 1 {
		from.Skip()
		return
	}
	c.read(from)
}

type storage struct {
	ID      string `json:"backupStorageID"`
	Created string `json:"backupStorageCreatTime" or:"backupStorageCreateTime"`
}

const answer = `{"message":"SUCCESS","returnObj":{"backupStorageList":[
	{"backupStorageID":"a","backupStorageCreateTime":"2026-06-13 01:02:03"},
	{"backupStorageID":"b"}],"backupStorageCount":2},"statusCode":"800"}`

// read reads an answer whose content goes where the caller wants it.
func read(content func(*wirejson.Scanner)) error {
	s := wirejson.NewScanner(strings.NewReader(answer), 1<<20)
	defer s.Free()
	if s.Next() != '{' {
		return errors.Join(errors.New("no JSON object"), s.Drain())
	}
	var e envelope
	e.ReturnObj.read = content
	_ = s.Decode(&e)
	if err := s.End(); err != nil {
		return err
	}
	if e.StatusCode.text != "800" {
		return errors.New(string(e.Message))
	}
	return nil
}

// A read decodes the content in place.
func ExampleScanner_Decode() {
	var result struct {
		Storages []storage `json:"backupStorageList"`
		Total    int       `json:"backupStorageCount"`
	}
	err := read(func(s *wirejson.Scanner) { _ = s.Decode(&result) })
	fmt.Println(result, err)
	// Output:
	// {[{a 2026-06-13 01:02:03} {b }] 2} <nil>
}

// A list gives out its items as they come, and the limit counts anew behind each.
func ExampleScanner_Elements() {
	left := errors.New("the caller has left the list")
	err := read(func(s *wirejson.Scanner) {
		for name := range s.Members() {
			if !strings.EqualFold(string(name), "backupStorageList") {
				s.Skip()
				continue
			}
			for range s.Elements() {
				var one storage
				if s.Decode(&one) != nil {
					return
				}
				s.Mark()
				fmt.Println(one.ID)
				s.Fail(left)
			}
		}
	})
	fmt.Println(errors.Is(err, left))
	// Output:
	// a
	// true
}

// An order keeps the content, to be read once the answer is known to be a success.
func ExampleScanner_Raw() {
	var kept []byte
	err := read(func(s *wirejson.Scanner) { kept = append(kept, s.Raw()...) })
	var result struct{ BackupStorageCount int }
	fmt.Println(err, wirejson.Unmarshal(kept, &result), result.BackupStorageCount)
	// Output:
	// <nil> <nil> 2
}
