package objects

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partBytes is how much of an object is held in memory: one that isn't longer is put
// by one request, and a longer one in parts of this length. S3 allows no smaller ones.
const partBytes = 5 << 20

// An S3 is a store in a bucket. It is made by [OpenS3].
type S3 struct {
	client         *minio.Client
	bucket, prefix string
}

// OpenS3 opens a store at s3://bucket/prefix. The objects are called prefix/name, or
// name if there is no prefix. The query tells which S3 it is, or else the environment:
//
//	endpoint   http://host:port or https://…; AWS_ENDPOINT_URL; by default Amazon's
//	region     AWS_REGION; by default us-east-1
//
// The keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in
// ~/.aws/credentials, or what the machine's role has.
func OpenS3(where string) (*S3, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	query := u.Query()
	endpoint, err := url.Parse(cmp.Or(query.Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL"), "https://s3.amazonaws.com"))
	if err != nil {
		return nil, fmt.Errorf("objects: endpoint: %w", err)
	}
	if u.Host == "" || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fmt.Errorf("objects: %q has no bucket, or its endpoint isn't http://… or https://…", where)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		}),
		Secure:     endpoint.Scheme == "https",
		Region:     cmp.Or(query.Get("region"), os.Getenv("AWS_REGION"), "us-east-1"),
		MaxRetries: 1, // who puts knows when to try again
	})
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return &S3{client, u.Host, strings.Trim(u.Path, "/")}, nil
}

// String tells people which bucket it is.
func (s *S3) String() string { return "the bucket " + s.bucket + " at " + s.client.EndpointURL().Host }

func (s *S3) key(name string) string {
	if s.prefix == "" {
		return name
	}
	return s.prefix + "/" + name
}

// Put puts the object by one request if it is short, else in parts, which S3 joins
// when all are there.
func (s *S3) Put(ctx context.Context, name string, r io.Reader) error {
	var first bytes.Buffer
	n, err := io.CopyN(&first, r, partBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	size, body := n, io.Reader(&first)
	if err == nil {
		size, body = -1, io.MultiReader(&first, r)
	}
	_, err = s.client.PutObject(ctx, s.bucket, s.key(name), body, size, minio.PutObjectOptions{
		ContentType: contentType(name),
		PartSize:    partBytes,
		NumThreads:  1,
	})
	return err
}

// contentType returns the media type of an object. Whoever serves it to browsers knows
// better what it is.
func contentType(name string) string {
	if strings.HasSuffix(name, ".zst") {
		return "application/zstd"
	}
	return "application/octet-stream"
}

// Names yields the names of the objects.
func (s *S3) Names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for object, err := range s.All(ctx) {
			if !yield(object.Name, err) {
				return
			}
		}
	}
}

// All yields the objects.
func (s *S3) All(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // or listing goes on
		defer cancel()
		for object := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.key(""), Recursive: true}) {
			name := strings.TrimPrefix(object.Key, s.key(""))
			if object.Err == nil && (name == "" || strings.HasSuffix(name, "/")) {
				continue // what others take for a directory
			}
			if !yield(Object{name, object.LastModified}, object.Err) {
				return
			}
		}
	}
}

// Open returns what an object holds, to be closed by the caller. Whether there is such an
// object is found out when it is read.
func (s *S3) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return s.client.GetObject(ctx, s.bucket, s.key(name), minio.GetObjectOptions{})
}

// Get returns what an object holds, to be closed by the caller.
func (s *S3) Get(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	if _, err := object.Stat(); err != nil {
		_ = object.Close() // nothing was read
		if minio.ToErrorResponse(err).Code == "NoSuchKey" {
			err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return nil, err
	}
	return object, nil
}

// Remove removes an object.
func (s *S3) Remove(ctx context.Context, name string) error {
	return s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{})
}
