package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// What the site demo is made of.
const (
	seedProfiles      = 20
	seedMicrocosms    = 5
	perConversation   = 100
	seedWordsAtLeast  = 8
	seedWordsAtMost   = 60
	seedBetween       = 10 * time.Second
	seedsATransaction = 5000
)

const seedWords = `wheel frame saddle brake rim spoke chain crank pedal bar stem fork hub tyre tube lever cable rack bag lamp bell lock
ride climb descent sprint corner commute tour race gravel track rain wind sun mud hill road lane bridge ferry coffee cake map
the a of and to in is it for on with as was but not my your their this that when where how never always often`

// seed makes the site demo with this many comments if there is no site, and returns the
// password of its owner, who is ann@example.com, or "".
func (s *store) seed(ctx context.Context, comments int) (password string, err error) {
	if sites, err := number(ctx, s.read, "SELECT COUNT(*) FROM sites"); err != nil || comments <= 0 || sites > 0 {
		return "", err
	}
	now := time.Now().Add(-time.Duration(comments) * seedBetween)
	password = tigertonic.RandomBase62String(16)
	site, owner, err := s.makeSite(ctx, now, "demo", "The Demonstrators", "ann@example.com", "ann")
	if err != nil {
		return "", err
	}
	if err := s.setPassword(ctx, "ann@example.com", password); err != nil {
		return "", err
	}
	people := []int64{owner}
	err = s.inTx(ctx, func(tx queryer) error {
		for i := range seedProfiles {
			id, err := makeProfile(ctx, tx, now, site, fmt.Sprintf("member%d@example.com", i+1), fmt.Sprintf("member%d", i+1))
			if err != nil {
				return err
			}
			people = append(people, id)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	forums := make([]int64, seedMicrocosms)
	for i, title := range []string{"Wheels and frames", "Rides", "Workshop", "For sale", "Everything else"} {
		forums[i], err = s.add(ctx, now, &newItem{Kind: kindMicrocosm, Visibility: "public", Site: site, Author: owner, content: content{Title: title, Markdown: "Talk about " + strings.ToLower(title) + "."}})
		if err != nil {
			return "", err
		}
	}
	return password, s.seedComments(ctx, now, site, forums, people, comments)
}

func (s *store) seedComments(ctx context.Context, now time.Time, site int64, forums, people []int64, comments int) error {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	words := strings.Fields(seedWords)
	text := func() string {
		picked := make([]string, seedWordsAtLeast+random.IntN(seedWordsAtMost))
		for i := range picked {
			picked[i] = words[random.IntN(len(words))]
		}
		picked[0] = strings.ToUpper(picked[0][:1]) + picked[0][1:]
		return strings.Join(picked, " ") + "."
	}
	insert := `INSERT INTO items (site, kind, parent, forum, author, created, dedupe, last_at, title, markdown, html, first_line)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8, $9, $10, $11) RETURNING id`
	var conversation, forum int64
	for done := 0; done < comments; {
		err := s.inTx(ctx, func(tx queryer) error {
			for end := min(done+seedsATransaction, comments); done < end; done++ {
				at, author := micros(now.Add(time.Duration(done)*seedBetween)), people[random.IntN(len(people))]
				digest := sha256.Sum256(fmt.Append(nil, done))
				if done%perConversation == 0 {
					forum = forums[random.IntN(len(forums))]
					title, _, _ := strings.Cut(text(), ".")
					title = strings.Join(strings.Fields(title)[:seedWordsAtLeast-2], " ")
					var err error
					if conversation, err = number(ctx, tx, insert, site, kindConversation, forum, forum, author, at, digest[:1], title, "", "", ""); err != nil {
						return err
					}
					if err := s.index(ctx, tx, conversation, content{Title: title}); err != nil {
						return err
					}
				}
				c := content{Markdown: text()}
				c.HTML, c.FirstLine = "<p>"+c.Markdown+"</p>\n", c.Markdown[:min(lengthOfFirstLine, len(c.Markdown))]
				id, err := number(ctx, tx, insert, site, kindComment, conversation, forum, author, at, digest[:], "", c.Markdown, c.HTML, c.FirstLine)
				if err != nil {
					return err
				}
				if err := s.index(ctx, tx, id, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.recount(ctx)
}

// recount recomputes the counts of items and profiles.
func (s *store) recount(ctx context.Context) error {
	return s.inTx(ctx, func(tx queryer) error {
		for _, statement := range []string{
			`UPDATE items SET comments = c.n, last_comment = c.last, last_at = c.at FROM (SELECT parent, COUNT(*) AS n, MAX(id) AS last, MAX(created) AS at FROM items
				WHERE kind = 'comment' AND deleted = 0 AND moderated = 0 GROUP BY parent) c WHERE c.parent = items.id AND items.kind = 'conversation'`,
			`UPDATE items SET comments = c.n, last_comment = c.last, last_at = c.at FROM (SELECT forum, COUNT(*) AS n, MAX(id) AS last, MAX(created) AS at FROM items
				WHERE kind = 'comment' AND deleted = 0 AND moderated = 0 GROUP BY forum) c WHERE c.forum = items.id AND items.kind = 'microcosm'`,
			`UPDATE profiles SET comments = c.n FROM (SELECT author, COUNT(*) AS n FROM items WHERE kind = 'comment' AND deleted = 0 GROUP BY author) c WHERE c.author = profiles.id`,
			`UPDATE profiles SET items = c.n FROM (SELECT author, COUNT(*) AS n FROM items WHERE kind <> 'comment' AND deleted = 0 GROUP BY author) c WHERE c.author = profiles.id`,
		} {
			if err := execute(ctx, tx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
