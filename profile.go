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

// surroundings are the keys and the region that were found outside of the options. They also list
// the places that were searched, for the error if there are none.
type surroundings struct {
	profile
	looked  []string
	warning string
}

// lookAround reads the environment first, then the configuration file. If keys are needed and a
// source is broken, that is an error: the next source is not tried.
func lookAround(needKeys bool) (surroundings, error) {
	found := surroundings{profile: profile{Region: os.Getenv("CTYUN_REGION_ID")}}
	ak, sk := os.Getenv("CTYUN_AK"), os.Getenv("CTYUN_SK")
	switch {
	case ak != "" && sk != "":
		found.AccessKey, found.SecretKey = ak, sk
	case needKeys && ak != "":
		return found, fmt.Errorf("%w: CTYUN_AK is set and CTYUN_SK is not", ErrNoCredentials)
	case needKeys && sk != "":
		return found, fmt.Errorf("%w: CTYUN_SK is set and CTYUN_AK is not", ErrNoCredentials)
	}
	if (found.AccessKey != "" || !needKeys) && found.Region != "" {
		return found, nil
	}
	found.looked = append(found.looked, "the options of NewClient", "CTYUN_AK and CTYUN_SK of the environment")
	stored, err := found.readProfile()
	if err != nil {
		if !needKeys || found.AccessKey != "" {
			return found, nil // only the region is missing, which is optional
		}
		return found, err
	}
	found.Region = cmp.Or(found.Region, stored.Region)
	if found.AccessKey == "" {
		found.AccessKey, found.SecretKey = stored.AccessKey, stored.SecretKey
	} else {
		found.warning = "" // no key of the file is used
	}
	if needKeys && found.AccessKey == "" && found.SecretKey == "" {
		return found, fmt.Errorf("%w: looked at %s", ErrNoCredentials, strings.Join(found.looked, ", then at "))
	}
	return found, nil
}

// DefaultCredentials returns the key pair that [NewClient] uses without options, for a
// [SigningTransport]: that of the environment, or of the configuration file. If there is none, the
// error matches [ErrNoCredentials] and lists the places that were searched.
func DefaultCredentials() (Credentials, error) {
	found, err := lookAround(true)
	if err != nil {
		return Credentials{}, err
	}
	c := NewCredentials(found.AccessKey, found.SecretKey)
	return c, c.check()
}

// readProfile reads the selected profile, or the active one, with the top of the file as a
// fallback.
func (s *surroundings) readProfile() (profile, error) {
	path := os.Getenv("CTYUN_CONFIG")
	asked := path != ""
	if !asked {
		home, err := os.UserHomeDir()
		if err != nil {
			return profile{}, nil
		}
		path = filepath.Join(home, ".ctyun", "config.json")
	}
	s.looked = append(s.looked, "the file "+path)
	data, err := s.readFile(path)
	if errors.Is(err, os.ErrNotExist) && !asked {
		return profile{}, nil
	}
	if err != nil {
		return profile{}, fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	var file configFile
	if err := json.Unmarshal(data, &file); err != nil {
		// The text of a syntax error could repeat a key.
		return profile{}, fmt.Errorf("%w: the file %s is not JSON of the expected form", ErrNoCredentials, path)
	}
	name := cmp.Or(os.Getenv("CTYUN_PROFILE"), file.Active)
	selected, ok := file.Profiles[name]
	if !ok && os.Getenv("CTYUN_PROFILE") != "" {
		return profile{}, fmt.Errorf("%w: the file %s has no profile %q, which CTYUN_PROFILE asks for", ErrNoCredentials, path, name)
	}
	if selected.AccessKey == "" && selected.SecretKey == "" {
		selected.AccessKey, selected.SecretKey = file.AccessKey, file.SecretKey
	}
	selected.Region = cmp.Or(selected.Region, file.Region)
	return selected, nil
}

// toUTF8 returns text without its byte order mark, and in UTF-8 if it is JSON in UTF-16, as what
// PowerShell writes is.
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

func (s *surroundings) readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		s.warning = fmt.Sprintf("the key file %s can be read by others: make it private with chmod 600", path)
	}
	const most = 1 << 20
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if len(data) > most {
		return nil, fmt.Errorf("the file %s: %w", path, ErrTooLarge)
	}
	return data, err
}
