package command

import (
	"errors"
	"sync"
)

// inEach calls a function for each item, up to eight at a time. It returns the results in order, and
// the joined errors.
func inEach[T, V any](items []T, do func(T) ([]V, error)) ([]V, error) {
	const most = 8
	results := make([][]V, len(items))
	failures := make([]error, len(items))
	turn := make(chan struct{}, most)
	var all sync.WaitGroup
	for i, item := range items {
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			results[i], failures[i] = do(item)
		})
	}
	all.Wait()
	var joined []V
	for _, r := range results {
		joined = append(joined, r...)
	}
	return joined, errors.Join(failures...)
}

// unique returns the texts in order, without duplicates.
func unique(texts []string) []string {
	seen := make(map[string]bool)
	var once []string
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			once = append(once, text)
		}
	}
	return once
}
