package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"golang.org/x/image/draw"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// Uploads are written to a temporary file as they arrive, and move into the library once
// they are complete, under the name of their hash. A file with a row is always there; a job
// removes files without one.

const (
	sniffed    = 512
	mostPixels = 40_000_000
	orphanFor  = time.Hour
)

// kinds are the media types that files may have, detected by their contents, with their
// extensions. Browsers run none of them.
func kinds() map[string]string {
	return map[string]string{"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "application/pdf": "pdf", "text/plain; charset=utf-8": "txt"}
}

// nameOfFile returns what a file of a site is called in the library.
func nameOfFile(site int64, hash string) string { return fmt.Sprintf("%d/%s/%s", site, hash[:2], hash) }

func (s *service) upload(ctx context.Context, v *visit, in *forumapi.Upload) (location string, file forumapi.File, err error) {
	temporary, err := os.CreateTemp("", "forum-*")
	if err != nil {
		return "", file, err
	}
	_ = os.Remove(temporary.Name())   // so that nothing is left of it, however the process ends
	defer os.Remove(temporary.Name()) //nolint:errcheck // for systems that don't remove what is open
	defer temporary.Close()           //nolint:errcheck // it was read to its end
	f, err := s.receive(v, temporary, in)
	if err != nil {
		return "", file, err
	}
	if _, err := temporary.Seek(0, io.SeekStart); err != nil {
		return "", file, err
	}
	if err := s.files.Put(ctx, nameOfFile(v.site.ID, f.FileHash), temporary); err != nil {
		return "", file, errors.Join(err, tigertonic.Problem{
			Status: http.StatusServiceUnavailable, Detail: "files can't be stored at the moment", Header: http.Header{"Retry-After": {"2"}},
		})
	}
	err = execute(ctx, s.store.write, `INSERT INTO files (site, hash, name, ext, mime, size, width, height, author, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		v.site.ID, f.FileHash, f.FileName, f.FileExt, f.MimeType, f.FileSize, f.Width, f.Height, v.me(), micros(s.now()))
	return forumapi.Base + "/files/" + f.FileHash, *f, err
}

// receive writes an upload to a file, and detects its type.
func (s *service) receive(v *visit, to *os.File, in *forumapi.Upload) (*forumapi.File, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(in.File, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	f := &forumapi.File{FileName: in.File.Name, MimeType: http.DetectContentType(head[:n])}
	claimed, _, _ := mime.ParseMediaType(in.File.ContentType)
	actual, _, _ := mime.ParseMediaType(f.MimeType)
	var ok bool
	if f.FileExt, ok = kinds()[f.MimeType]; !ok || n == 0 || strings.HasPrefix(claimed, "image/") && claimed != actual {
		return nil, v.refuse(http.StatusUnsupportedMediaType, codeType, fmt.Sprintf("the file is %s; it must be an image (PNG, JPEG, GIF), a PDF or plain text, as its Content-Type says", f.MimeType))
	}
	digest := sha256.New()
	f.FileSize, err = io.Copy(io.MultiWriter(to, digest), io.MultiReader(bytes.NewReader(head[:n]), in.File))
	if err != nil {
		return nil, err
	}
	f.FileHash = hex.EncodeToString(digest.Sum(nil))
	if !strings.HasPrefix(actual, "image/") {
		return f, nil
	}
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	config, _, err := image.DecodeConfig(to)
	if err != nil || config.Width*config.Height > mostPixels {
		return nil, v.refuse(http.StatusUnsupportedMediaType, codeFile, "the image can't be read, or has more than 40 million pixels")
	}
	f.Width, f.Height = int64(config.Width), int64(config.Height)
	if width, height := fit(config.Width, config.Height, in.MaxWidth, in.MaxHeight); width != config.Width || height != config.Height {
		if err := s.shrink(to, f, width, height); err != nil {
			return nil, v.refuse(http.StatusUnsupportedMediaType, codeFile, "the image can't be read")
		}
	}
	return f, nil
}

// fit returns the size of an image that is as large as two limits allow, of which 0 is none.
func fit(width, height, maxWidth, maxHeight int) (w, h int) {
	w, h = width, height
	if maxWidth > 0 && w > maxWidth {
		w, h = maxWidth, max(1, height*maxWidth/width)
	}
	if maxHeight > 0 && h > maxHeight {
		w, h = max(1, width*maxHeight/height), maxHeight
	}
	return w, h
}

// shrink scales an image in a file down. An animation loses all frames but the first.
func (s *service) shrink(file *os.File, f *forumapi.File, width, height int) error {
	s.pixels <- struct{}{} // for images are large
	defer func() { <-s.pixels }()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	from, _, err := image.Decode(file)
	if err != nil {
		return err
	}
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	switch f.MimeType {
	case "image/png":
		err = png.Encode(&b, to)
	case "image/gif":
		err = gif.Encode(&b, to, nil)
	default:
		err = jpeg.Encode(&b, to, &jpeg.Options{Quality: 85})
	}
	if err != nil {
		return err
	}
	digest := sha256.Sum256(b.Bytes())
	f.FileHash, f.FileSize, f.Width, f.Height = hex.EncodeToString(digest[:]), int64(b.Len()), int64(width), int64(height)
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(b.Bytes(), 0)
	return err
}

func scanFile(f *forumapi.File) []any {
	return []any{&f.FileHash, &f.FileName, &f.FileExt, &f.FileSize, &f.MimeType, &f.Width, &f.Height}
}

const fileColumns = "f.hash, f.name, f.ext, f.size, f.mime, f.width, f.height"

// An ownedFile is a file and who uploaded it.
type ownedFile struct {
	forumapi.File
	author int64
}

// aFile returns a file that the caller may read: their own, somebody's avatar, or one that
// is attached to what they may read.
func (s *service) aFile(ctx context.Context, v *visit, hash string) (*forumapi.File, error) {
	f, err := one(ctx, s.store.read, func(f *ownedFile) []any { return append(scanFile(&f.File), &f.author) },
		"SELECT "+fileColumns+", f.author FROM files f WHERE f.site = $1 AND f.hash = $2", v.site.ID, hash)
	if err != nil {
		return nil, err
	}
	of := v.permissions(0, "public", 0)
	if v.profile != nil && f.author == v.me() || of.Moderator {
		return &f.File, nil
	}
	avatars, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM profiles WHERE site = $1 AND deleted = 0 AND avatar = $2", v.site.ID, forumapi.Base+"/files/"+hash)
	if err != nil {
		return nil, err
	}
	if avatars > 0 && of.Read {
		return &f.File, nil
	}
	items, err := values[int64](ctx, s.store.read, "SELECT item FROM attachments WHERE site = $1 AND hash = $2 ORDER BY item LIMIT 100", v.site.ID, hash)
	if err != nil {
		return nil, err
	}
	heads, err := s.store.headsOf(ctx, v.site.ID, v.me(), items)
	if err != nil {
		return nil, err
	}
	for i := range heads {
		if v.of(&heads[i]).Read && heads[i].visible() {
			return &f.File, nil
		}
	}
	return nil, errMissing
}

func (s *service) getFile(ctx context.Context, in *forumapi.FileName) (a tigertonic.Response[tigertonic.Stream], err error) {
	v, err := s.visitor(ctx)
	if err != nil {
		return a, err
	}
	hash, _, _ := strings.Cut(in.Name, ".")
	f, err := s.aFile(ctx, v, hash)
	if err != nil {
		return a, err
	}
	file, err := s.files.Get(ctx, nameOfFile(v.site.ID, hash))
	if err != nil {
		return a, errors.Join(err, tigertonic.Problem{
			Status: http.StatusServiceUnavailable, Detail: "the file can't be read at the moment", Header: http.Header{"Retry-After": {"2"}},
		})
	}
	disposition := "attachment"
	if strings.HasPrefix(f.MimeType, "image/") {
		disposition = "inline"
	}
	return tigertonic.Response[tigertonic.Stream]{
		Header: http.Header{
			"Content-Disposition":     {mime.FormatMediaType(disposition, map[string]string{"filename": hash[:16] + "." + f.FileExt})},
			"Content-Security-Policy": {"default-src 'none'; sandbox"}, "Cache-Control": {"private, no-cache"}, "Etag": {`"` + hash + `"`},
		},
		Body: tigertonic.Stream{ContentType: f.MimeType, Reader: file},
	}, nil
}

// attachments returns what lists the files of items of a kind.
func (s *service) attachments(kind string) func(context.Context, *visit, *forumapi.PageOf) (forumapi.Attachments, error) {
	return func(ctx context.Context, v *visit, in *forumapi.PageOf) (a forumapi.Attachments, err error) {
		h, _, err := s.look(ctx, v, kind, in.ID)
		if err != nil {
			return a, err
		}
		all, err := list(ctx, s.store.read, scanFile, "SELECT "+fileColumns+" FROM attachments a JOIN files f ON f.site = a.site AND f.hash = a.hash WHERE a.site = $1 AND a.item = $2 ORDER BY a.created, a.hash LIMIT $3 OFFSET $4",
			v.site.ID, h.ID, in.Limit, in.Offset)
		return forumapi.Attachments{Attachments: pageOf(in.Paging, pathOf(kind, h.ID)+"/attachments", nil, "/files", h.Attachments, all), Meta: v.listMeta()}, err
	}
}

// attach returns what attaches a file of the caller to their item.
func (s *service) attach(kind string) func(context.Context, *visit, *forumapi.ChangeOf[forumapi.AttachmentInput]) (location string, f forumapi.File, err error) {
	return func(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.AttachmentInput]) (location string, file forumapi.File, err error) {
		h, err := s.toEdit(ctx, v, kind, in.ID.ID)
		if err != nil {
			return "", file, err
		}
		f, err := s.aFile(ctx, v, in.Body.FileHash)
		if err != nil {
			return "", file, err
		}
		err = s.setAttachment(ctx, v, h.ID, "INSERT INTO attachments (site, item, hash, created) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", f.FileHash, micros(s.now()))
		return href(kind, h.ID) + "/attachments/" + f.FileHash, *f, err
	}
}

// detach returns what takes a file from an item.
func (s *service) detach(kind string) func(context.Context, *visit, *forumapi.AttachmentOf) (forumapi.Nothing, error) {
	return func(ctx context.Context, v *visit, in *forumapi.AttachmentOf) (forumapi.Nothing, error) {
		h, err := s.toEdit(ctx, v, kind, in.ID.ID)
		if err != nil {
			return nil, err
		}
		return nil, s.setAttachment(ctx, v, h.ID, "DELETE FROM attachments WHERE site = $1 AND item = $2 AND hash = $3", in.Hash)
	}
}

// setAttachment changes what an item has, and counts it.
func (s *service) setAttachment(ctx context.Context, v *visit, item int64, statement string, args ...any) error {
	return s.store.inTx(ctx, func(tx queryer) error {
		if err := execute(ctx, tx, statement, append([]any{v.site.ID, item}, args...)...); err != nil {
			return err
		}
		return execute(ctx, tx, "UPDATE items SET attachments = (SELECT COUNT(*) FROM attachments WHERE item = $2) WHERE site = $1 AND id = $2", v.site.ID, item)
	})
}

// sweep removes files without a row, once they are too old to be uploads in progress.
func (s *service) sweep(ctx context.Context, now time.Time) error {
	for object, err := range s.files.All(ctx) {
		if err != nil {
			return err
		}
		if now.Sub(object.Modified) < orphanFor {
			continue
		}
		site, hash := path.Dir(path.Dir(object.Name)), path.Base(object.Name)
		known, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM files WHERE hash = $1 AND CAST(site AS TEXT) = $2", hash, site)
		if err == nil && known == 0 {
			err = s.files.Remove(ctx, object.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
