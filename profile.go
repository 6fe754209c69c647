package ctcbr

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// profile is an entry of the configuration file of this cloud's command-line tools, or the top of
// that file, which is the fallback.
type profile struct {
	AccessKey string `json:"ak"`
	SecretKey string `json:"sk"`
	Region    string `json:"region"`
}

// configFile is the format of ~/.ctyun/config.json.
type configFile struct {
	profile
	Active   string             `json:"active_profile"`
	Profiles map[string]profile `json:"profiles"`
}

// surroundings are the keys and the region that were found outside of the options.
type surroundings struct {
	profile
	looked  []string // the places that were searched for keys
	warning string
}

// lookAround reads the environment first, then the configuration file. If keys are needed and a
// source is broken, that is an error: the next source is not tried.
func lookAround(needKeys, needRegion bool) (found surroundings, err error) {
	if needRegion {
		found.Region = os.Getenv("CTYUN_REGION_ID")
		err = checkText("CTYUN_REGION_ID", found.Region)
	}
	if needKeys {
		known, wrong := found.readKeys()
		needKeys, err = !known, join(err, wrong)
	}
	if needKeys || needRegion && found.Region == "" {
		err = join(err, found.searchFile(needKeys, needRegion))
	}
	return found, err
}

// readKeys reads the keys of the environment, and reports whether there are any.
func (s *surroundings) readKeys() (known bool, err error) {
	s.looked = append(s.looked, "the options of NewClient", "CTYUN_AK and CTYUN_SK of the environment")
	ak, sk := os.Getenv("CTYUN_AK"), os.Getenv("CTYUN_SK")
	switch {
	case ak == "" && sk == "":
		return false, nil
	case sk == "":
		return true, fmt.Errorf("%w: CTYUN_AK is set and CTYUN_SK is not", ErrNoCredentials)
	case ak == "":
		return true, fmt.Errorf("%w: CTYUN_SK is set and CTYUN_AK is not", ErrNoCredentials)
	}
	s.AccessKey, s.SecretKey = ak, sk
	return true, NewCredentials(ak, sk).checkAs("access key in CTYUN_AK", "secret key in CTYUN_SK")
}

// searchFile fills in what is missing from the configuration file. If only the region is missing,
// which is optional, the file may be missing or broken.
func (s *surroundings) searchFile(needKeys, needRegion bool) error {
	path, err := s.configPath()
	var stored profile
	if err == nil && path != "" {
		stored, err = s.readProfile(path)
	}
	switch {
	case err != nil && needKeys:
		return fmt.Errorf("%w: %w", ErrNoCredentials, err)
	case err != nil && errors.As(err, new(textError)):
		return err
	case err != nil:
		return nil
	}
	if needRegion && s.Region == "" {
		s.Region = stored.Region
		err = checkText("the region of the file "+path, s.Region)
	}
	switch {
	case !needKeys:
		s.warning = "" // no key of the file is used
		return err
	case stored.AccessKey == "" && stored.SecretKey == "":
		return join(err, fmt.Errorf("%w: looked at %s", ErrNoCredentials, strings.Join(s.looked, ", then at ")))
	}
	s.AccessKey, s.SecretKey = stored.AccessKey, stored.SecretKey
	return join(err, NewCredentials(s.AccessKey, s.SecretKey).checkAs("access key (ak) of the file "+path, "secret key (sk) of the file "+path))
}

// textError names the variable or the file that holds an invalid text.
type textError string

func (e textError) Error() string { return string(e) }

// checkText checks a text that comes from a variable or a file.
func checkText(from, text string) error {
	if problem := textProblem(text); problem != "" {
		return textError(from + " " + problem + ": " + quoted(text))
	}
	return nil
}

// DefaultCredentials returns the key pair that [NewClient] uses without options, for a
// [SigningTransport]: that of the environment, or of the configuration file. If there is none, the
// error matches [ErrNoCredentials] and lists the places that were searched.
func DefaultCredentials() (Credentials, error) {
	found, err := lookAround(true, false)
	if err != nil {
		return Credentials{}, err
	}
	return NewCredentials(found.AccessKey, found.SecretKey), nil
}

// configPath returns the path of the configuration file: that of CTYUN_CONFIG, or the default. It
// is empty if there is no home directory.
func (s *surroundings) configPath() (string, error) {
	path := os.Getenv("CTYUN_CONFIG")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			s.looked = append(s.looked, "the file ~/.ctyun/config.json, but "+err.Error())
			return "", nil
		}
		path = filepath.Join(home, ".ctyun", "config.json")
	}
	s.looked = append(s.looked, "the file "+path)
	return path, checkText("CTYUN_CONFIG", os.Getenv("CTYUN_CONFIG"))
}

// readProfile reads the selected profile, or the active one, with the top of the file as a
// fallback.
func (s *surroundings) readProfile(path string) (profile, error) {
	data, err := s.readFile(path)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CTYUN_CONFIG") == "" {
		return profile{}, nil
	}
	if err != nil {
		return profile{}, err
	}
	var file configFile
	if err := json.Unmarshal(data, &file); err != nil {
		// The text of a syntax error could repeat a key.
		return profile{}, fmt.Errorf("the file %s is not JSON of the expected form", path)
	}
	name, from := os.Getenv("CTYUN_PROFILE"), "CTYUN_PROFILE"
	if name == "" {
		name, from = file.Active, "its active_profile"
	}
	if err := checkText(from, name); err != nil {
		return profile{}, fmt.Errorf("the file %s: %w", path, err)
	}
	selected, ok := file.Profiles[name]
	if !ok && name != "" {
		return profile{}, fmt.Errorf("the file %s has no profile %q, which %s asks for", path, name, from)
	}
	if selected.AccessKey == "" && selected.SecretKey == "" {
		selected.AccessKey, selected.SecretKey = file.AccessKey, file.SecretKey
	}
	selected.Region = cmp.Or(selected.Region, file.Region)
	return selected, nil
}

// readFile reads a configuration file. It must be a regular file: a read from a pipe may never end.
func (s *surroundings) readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		s.warning = fmt.Sprintf("the key file %s can be read by others: make it private with chmod 600", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 1 << 20
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	data = toUTF8(data)
	switch {
	case err != nil:
		return nil, err
	case len(data) > most:
		return nil, fmt.Errorf("the file %s: %w", path, ErrTooLarge)
	case !utf8.Valid(data):
		return nil, fmt.Errorf("the file %s is neither UTF-8 nor UTF-16", path)
	}
	return data, nil
}

// toUTF8 removes the byte order mark of a JSON text, and converts UTF-16 to UTF-8. PowerShell writes
// both.
func toUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case len(data) < 2, len(data)%2 != 0:
		return data
	case bytes.HasPrefix(data, []byte("\xff\xfe")), data[1] == 0:
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")), data[0] == 0:
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"))
}
