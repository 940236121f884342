package main

import (
	"context"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

type watcherRow struct {
	forumapi.Watcher
	created int64
}

func (s *service) watchers(ctx context.Context, v *visit, where string, args ...any) ([]forumapi.Watcher, error) {
	rows, err := list(ctx, s.store.read, func(r *watcherRow) []any { return []any{&r.ID, &r.ItemType, &r.ItemID, &r.SendEmail, &r.created} },
		"SELECT w.id, i.kind, i.id, w.send_email, w.created FROM watchers w JOIN items i ON i.id = w.item WHERE w.site = $1 AND w.profile = $2 "+where,
		append([]any{v.site.ID, v.me()}, args...)...)
	all := make([]forumapi.Watcher, len(rows))
	for i := range rows {
		all[i] = rows[i].Watcher
		all[i].Created = timeOf(rows[i].created)
	}
	return all, err
}

func (s *service) listWatchers(ctx context.Context, v *visit, in *forumapi.Paging) (a forumapi.Watchers, err error) {
	total, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM watchers WHERE site = $1 AND profile = $2", v.site.ID, v.me())
	if err != nil {
		return a, err
	}
	all, err := s.watchers(ctx, v, "ORDER BY w.id LIMIT $3 OFFSET $4", in.Limit, in.Offset)
	return forumapi.Watchers{Watchers: pageOf(*in, "/watchers", nil, "/watchers", total, all), Meta: v.listMeta()}, err
}

func (s *service) addWatcher(ctx context.Context, v *visit, in *forumapi.Change[forumapi.WatcherInput]) (location string, w forumapi.Watcher, err error) {
	if _, _, err := s.look(ctx, v, in.Body.ItemType, in.Body.ItemID); err != nil {
		return "", w, err
	}
	err = execute(ctx, s.store.write, `INSERT INTO watchers (site, profile, item, send_email, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (profile, item) DO UPDATE SET send_email = excluded.send_email`, v.site.ID, v.me(), in.Body.ItemID, bit(in.Body.SendEmail), micros(s.now()))
	if err != nil {
		return "", w, err
	}
	all, err := s.watchers(ctx, v, "AND w.item = $3", in.Body.ItemID)
	if err == nil && len(all) == 0 {
		err = errMissing
	}
	if err != nil {
		return "", w, err
	}
	return href("watcher", all[0].ID), all[0], nil
}

func (s *service) patchWatcher(ctx context.Context, v *visit, in *forumapi.Patches) (forumapi.Nothing, error) {
	anyone := func(forumapi.Permissions, bool) bool { return true }
	set, err := v.checkPatches(in.Body, map[string]patchable{"/sendEmail": {"sendEmail", anyone}}, forumapi.Permissions{})
	if err != nil {
		return nil, err
	}
	return nil, change(ctx, s.store.write, "UPDATE watchers SET send_email = $4 WHERE site = $1 AND profile = $2 AND id = $3", v.site.ID, v.me(), in.ID.ID, bit(set["sendEmail"]))
}

func (s *service) deleteWatcher(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Nothing, error) {
	return nil, execute(ctx, s.store.write, "DELETE FROM watchers WHERE site = $1 AND profile = $2 AND id = $3", v.site.ID, v.me(), in.ID)
}

// An updateRow is an update and the place of its item.
type updateRow struct {
	forumapi.Update
	created int64
}

func (s *service) listUpdates(ctx context.Context, v *visit, in *forumapi.Paging) (a forumapi.Updates, err error) {
	forums, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	others, own := v.readIn(forums)
	args := []any{v.site.ID, v.me(), s.store.ids(others), s.store.ids(own)}
	// An update is shown only while its item can be read. That somebody is new has none.
	from := ` FROM updates u JOIN profiles a ON a.id = u.author LEFT JOIN items i ON i.id = u.item LEFT JOIN items p ON p.id = i.parent
		WHERE u.site = $1 AND u.profile = $2 AND (u.item = 0 AND a.deleted = 0 OR i.deleted + i.moderated + COALESCE(p.deleted, 0) + COALESCE(p.moderated, 0) = 0 AND ` +
		s.store.readable(3, 4, "(CASE WHEN i.kind = 'comment' THEN p.author ELSE i.author END)") + ")"
	total, err := number(ctx, s.store.read, "SELECT COUNT(*)"+from, args...)
	if err != nil {
		return a, err
	}
	rows, err := list(ctx, s.store.read, func(r *updateRow) []any {
		return []any{&r.ID, &r.Kind, &r.ItemType, &r.ItemID, &r.By.ID, &r.By.ProfileName, &r.By.Avatar, &r.created, &r.Unread}
	}, "SELECT u.id, u.kind, COALESCE(i.kind, 'profile'), COALESCE(i.id, a.id), a.id, a.name, a.avatar, u.created, u.item > "+readUpTo+from+" ORDER BY u.id DESC LIMIT $5 OFFSET $6",
		append(args, in.Limit, in.Offset)...)
	items := make([]forumapi.Update, len(rows))
	for i := range rows {
		items[i] = rows[i].Update
		items[i].Created = timeOf(rows[i].created)
	}
	return forumapi.Updates{Updates: pageOf(*in, "/updates", nil, "/updates", total, items), Meta: v.listMeta()}, err
}

func (s *service) preferences(ctx context.Context, v *visit, _ *forumapi.Echo) ([]forumapi.Preference, error) {
	off, err := values[string](ctx, s.store.read, "SELECT kind FROM preferences WHERE profile = $1 AND send = 0", v.me())
	var all []forumapi.Preference
	for i, kind := range updateKinds() {
		all = append(all, forumapi.Preference{ID: int64(i + 1), Kind: kind, Send: !slices.Contains(off, kind)})
	}
	return all, err
}

func (s *service) putPreference(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.PreferenceInput]) (p forumapi.Preference, err error) {
	if in.ID.ID > int64(len(updateKinds())) {
		return p, v.errNotHere()
	}
	p = forumapi.Preference{ID: in.ID.ID, Kind: updateKinds()[in.ID.ID-1], Send: in.Body.Send}
	return p, execute(ctx, s.store.write, "INSERT INTO preferences (profile, kind, send) VALUES ($1, $2, $3) ON CONFLICT (profile, kind) DO UPDATE SET send = excluded.send", v.me(), p.Kind, bit(p.Send))
}
