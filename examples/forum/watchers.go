package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func scanWatcher(w *forumapi.Watcher, created *int64) []any {
	return []any{&w.ID, &w.ItemType, &w.ItemID, &w.SendEmail, created}
}

type watcherRow struct {
	forumapi.Watcher
	created int64
}

const selectWatchers = "SELECT w.id, i.kind, i.id, w.send_email, w.created FROM watchers w JOIN items i ON i.id = w.item WHERE w.site = $1 AND w.profile = $2 "

func (s *service) watchers(ctx context.Context, v *visit, where string, args ...any) ([]forumapi.Watcher, error) {
	rows, err := list(ctx, s.store.read, func(r *watcherRow) []any { return scanWatcher(&r.Watcher, &r.created) }, selectWatchers+where,
		append([]any{v.site.ID, v.me()}, args...)...)
	all := make([]forumapi.Watcher, len(rows))
	for i := range rows {
		all[i] = rows[i].Watcher
		all[i].Created = timeOf(rows[i].created)
	}
	return all, unavailable(err)
}

func (s *service) listWatchers(ctx context.Context, in *forumapi.Paging) (a forumapi.Answer[forumapi.Watchers], err error) {
	v, err := s.member(ctx)
	if err == nil {
		err = v.checkPage(in)
	}
	if err != nil {
		return a, err
	}
	total, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM watchers WHERE site = $1 AND profile = $2", v.site.ID, v.me())
	if err != nil {
		return a, unavailable(err)
	}
	all, err := s.watchers(ctx, v, fmt.Sprintf("ORDER BY w.id LIMIT %d OFFSET %d", in.Limit, in.Offset))
	if err != nil {
		return a, err
	}
	return answer(in.Echo, forumapi.Watchers{Watchers: pageOf(in, "/watchers", nil, "/watchers", total, all), Meta: v.listMeta()})
}

func (s *service) addWatcher(ctx context.Context, in *forumapi.Change[forumapi.WatcherInput]) (a forumapi.Made[forumapi.Watcher], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	if _, _, err := s.look(ctx, v, in.Body.ItemType, in.Body.ItemID); err != nil {
		return a, err
	}
	_, err = s.store.write.ExecContext(ctx, `INSERT INTO watchers (site, profile, item, send_email, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (profile, item) DO UPDATE SET send_email = excluded.send_email`, v.site.ID, v.me(), in.Body.ItemID, bit(in.Body.SendEmail), micros(s.now()))
	if err != nil {
		return a, unavailable(err)
	}
	all, err := s.watchers(ctx, v, "AND w.item = $3", in.Body.ItemID)
	if err != nil || len(all) == 0 {
		return a, errors.Join(err, v.errNotHere())
	}
	return made(in.Echo, href("watcher", all[0].ID), all[0]), nil
}

func (s *service) patchWatcher(ctx context.Context, in *forumapi.Patches) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	anyone := func(forumapi.Permissions, bool) bool { return true }
	set, err := v.checkPatches(in.Body, map[string]patchable{"/sendEmail": {"sendEmail", anyone}}, forumapi.Permissions{})
	if err != nil {
		return a, err
	}
	err = change(ctx, s.store.write, "UPDATE watchers SET send_email = $4 WHERE site = $1 AND profile = $2 AND id = $3", v.site.ID, v.me(), in.ID.ID, bit(set["sendEmail"]))
	if err != nil {
		return a, v.orNotHere(err)
	}
	return nothing(in.Echo)
}

func (s *service) deleteWatcher(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	_, err = s.store.write.ExecContext(ctx, "DELETE FROM watchers WHERE site = $1 AND profile = $2 AND id = $3", v.site.ID, v.me(), in.ID)
	if err != nil {
		return a, unavailable(err)
	}
	return nothing(in.Echo)
}

// An updateRow is an update and where its item is.
type updateRow struct {
	forumapi.Update
	created int64
}

func (s *service) listUpdates(ctx context.Context, in *forumapi.Paging) (a forumapi.Answer[forumapi.Updates], err error) {
	v, err := s.member(ctx)
	if err == nil {
		err = v.checkPage(in)
	}
	if err != nil {
		return a, err
	}
	_, others, own, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	// An update is shown only while its item can be read.
	from := ` FROM updates u JOIN items i ON i.id = u.item LEFT JOIN items p ON p.id = i.parent JOIN profiles a ON a.id = u.author
		WHERE u.site = $1 AND u.profile = $2 AND i.deleted + i.moderated + COALESCE(p.deleted, 0) + COALESCE(p.moderated, 0) = 0 AND (i.forum IN ` + idList(others) +
		" OR i.forum IN " + idList(own) + " AND (CASE WHEN i.kind = 'comment' THEN p.author ELSE i.author END) = $2)"
	total, err := number(ctx, s.store.read, "SELECT COUNT(*)"+from, v.site.ID, v.me())
	if err != nil {
		return a, unavailable(err)
	}
	rows, err := list(ctx, s.store.read, func(r *updateRow) []any {
		return []any{&r.ID, &r.Kind, &r.ItemType, &r.ItemID, &r.By.ID, &r.By.ProfileName, &r.By.Avatar, &r.created, &r.Unread}
	}, "SELECT u.id, u.kind, i.kind, i.id, a.id, a.name, a.avatar, u.created, u.item > "+readUpTo+from+fmt.Sprintf(" ORDER BY u.id DESC LIMIT %d OFFSET %d", in.Limit, in.Offset), v.site.ID, v.me())
	if err != nil {
		return a, unavailable(err)
	}
	items := make([]forumapi.Update, len(rows))
	for i := range rows {
		items[i] = rows[i].Update
		items[i].Created = timeOf(rows[i].created)
	}
	return answer(in.Echo, forumapi.Updates{Updates: pageOf(in, "/updates", nil, "/updates", total, items), Meta: v.listMeta()})
}

func (s *service) preferences(ctx context.Context, in *forumapi.Echo) (a forumapi.Answer[[]forumapi.Preference], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	off, err := list(ctx, s.store.read, func(kind *string) []any { return []any{kind} }, "SELECT kind FROM preferences WHERE profile = $1 AND send = 0", v.me())
	if err != nil {
		return a, unavailable(err)
	}
	var all []forumapi.Preference
	for i, kind := range updateKinds() {
		all = append(all, forumapi.Preference{ID: int64(i + 1), Kind: kind, Send: !slices.Contains(off, kind)})
	}
	return answer(*in, all)
}

func (s *service) putPreference(ctx context.Context, in *forumapi.ChangeOf[forumapi.PreferenceInput]) (a forumapi.Answer[forumapi.Preference], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	if in.ID.ID > int64(len(updateKinds())) {
		return a, v.errNotHere()
	}
	kind := updateKinds()[in.ID.ID-1]
	_, err = s.store.write.ExecContext(ctx, "INSERT INTO preferences (profile, kind, send) VALUES ($1, $2, $3) ON CONFLICT (profile, kind) DO UPDATE SET send = excluded.send", v.me(), kind, bit(in.Body.Send))
	if err != nil {
		return a, unavailable(err)
	}
	return answer(in.Echo, forumapi.Preference{ID: in.ID.ID, Kind: kind, Send: in.Body.Send})
}
