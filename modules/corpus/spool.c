/* modules/corpus/spool.c - see spool.h */
#include "corpus/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "core/pool.h"

enum { SPOOL_BUF = 256 << 10, READ_BUF = 256 << 10 };

/* ---- the file ---- */

static int open_unlinked(const char *dir) {
#ifdef O_TMPFILE
  int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
#endif
  char *name = malloc(strlen(dir) + sizeof "/tamis-spool-XXXXXX");
  if (name == NULL) return -1;
  sprintf(name, "%s/tamis-spool-XXXXXX", dir);
  int made = mkostemp(name, O_CLOEXEC);
  if (made >= 0) unlink(name);
  free(name);
  return made;
}

int spool_open(Spool *s, const char *dir, Error *err) {
  if (dir == NULL) dir = getenv("TMPDIR");
  if (dir == NULL || *dir == '\0') dir = "/tmp";
  *s = (Spool){ .fd = -1, .dir = dir };
  s->buf = malloc(SPOOL_BUF);
  if (s->buf == NULL) return error_memory(err);
  s->fd = open_unlinked(dir);
  if (s->fd >= 0) return 0;
  error_errno(err, "cannot make a temporary file in %s", dir);
  free(s->buf);
  *s = (Spool){ .fd = -1 };
  return -1;
}

static int write_all(const Spool *s, const char *p, size_t len, Error *err) {
  while (len > 0) {
    ssize_t n = write(s->fd, p, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_errno(err, "cannot write a temporary file in %s", s->dir);
    p += n;
    len -= (size_t)n;
  }
  return 0;
}

int spool_flush(Spool *s, Error *err) {
  size_t used = s->used;
  s->used = 0;
  return write_all(s, s->buf, used, err);
}

int spool_write(Spool *s, const char *bytes, size_t len, Error *err) {
  s->len += len;
  if (s->used + len > SPOOL_BUF && spool_flush(s, err) != 0) return -1;
  if (len > SPOOL_BUF) return write_all(s, bytes, len, err);
  memcpy(s->buf + s->used, bytes, len);
  s->used += len;
  return 0;
}

void spool_close(Spool *s) {
  if (s->fd >= 0) close(s->fd);
  free(s->buf);
  *s = (Spool){ .fd = -1 };
}

/* ---- unpacking ---- */

Packing packing_of(Span head) {
  const unsigned char *b = (const unsigned char *)head.ptr;
  if (head.len >= 3 && b[0] == 0x1F && b[1] == 0x8B && b[2] == 8) return PACKING_GZIP;
  if (head.len < 4) return PACKING_NONE;
  if (b[0] == 0x28 && b[1] == 0xB5 && b[2] == 0x2F && b[3] == 0xFD) return PACKING_ZSTD;
  /* a skippable frame, which some writers put first */
  if ((b[0] & 0xF0) == 0x50 && b[1] == 0x2A && b[2] == 0x4D && b[3] == 0x18) return PACKING_ZSTD;
  return PACKING_NONE;
}

typedef struct Unpack {
  Spool *spool;
  int fd;
  const char *path;
  uint64_t max_bytes;
  EVP_MD_CTX *sha;        /* NULL: not asked for */
  char *in, *out;         /* [READ_BUF] each, owned */
  size_t n;               /* bytes in `in` */
  Unpacked *res;
  Error *err;
} Unpack;

/* Reads the next piece: u->n bytes, 0 at the end. */
static int refill(Unpack *u) {
  if (interrupt_pending()) {
    error_set(u->err, "%s", "");
    return POOL_INTERRUPTED;
  }
  u->n = 0;
  while (u->n < READ_BUF) {   /* a pipe gives little at a time, and the magic may come in pieces */
    ssize_t n = read(u->fd, u->in + u->n, READ_BUF - u->n);
    if (n < 0 && errno == EINTR && !interrupt_pending()) continue;
    if (n < 0 && errno == EINTR) return error_set(u->err, "%s", ""), POOL_INTERRUPTED;
    if (n < 0) return error_errno(u->err, "cannot read %s", u->path);
    if (n == 0) break;
    u->n += (size_t)n;
  }
  u->res->file_bytes += u->n;
  if (u->sha != NULL) EVP_DigestUpdate(u->sha, u->in, u->n);
  return 0;
}

static int full(const Unpack *u) { return u->max_bytes > 0 && u->spool->len >= u->max_bytes; }

static int put(Unpack *u, const char *bytes, size_t len) { return spool_write(u->spool, bytes, len, u->err); }

static int damaged(Unpack *u, const char *what, uint64_t at, const char *detail) {
  u->res->damaged = 1;
  error_set(&u->res->damage, "%s: damaged %s at byte %llu of the file: %s", u->path, what,
            (unsigned long long)at, detail);
  return 0;
}

static int copy(Unpack *u) {
  int r = 0;
  while (r == 0 && u->n > 0 && !full(u)) {
    r = put(u, u->in, u->n);
    if (r == 0 && !full(u)) r = refill(u);
  }
  u->res->cut = r == 0 && full(u);
  return r;
}

/* Members follow one another; zeros behind the last are padding. */
static int unzip_with(Unpack *u, z_stream *z) {
  int inside = 1, status = Z_OK, r = 0;
  uint64_t before = 0;   /* bytes of the pieces before this one */
  while (u->n > 0 && !full(u)) {
    z->next_in = (Bytef *)u->in;
    z->avail_in = (uInt)u->n;
    while (z->avail_in > 0 && !full(u)) {
      if (!inside) {
        if (*z->next_in == 0) {
          z->next_in++, z->avail_in--;
          continue;
        }
        inflateReset(z);
        inside = 1;
      }
      do {
        z->next_out = (Bytef *)u->out;
        z->avail_out = READ_BUF;
        status = inflate(z, Z_NO_FLUSH);
        r = put(u, u->out, READ_BUF - z->avail_out);
        if (r != 0) return r;
        if (status == Z_MEM_ERROR) return error_memory(u->err);
      } while (status == Z_OK && z->avail_out == 0);
      if (status == Z_STREAM_END) inside = 0;
      else if (status != Z_OK && status != Z_BUF_ERROR)
        return damaged(u, "gzip", before + u->n - z->avail_in, z->msg != NULL ? z->msg : "not a gzip member");
    }
    before += u->n;
    if (!full(u) && (r = refill(u)) != 0) return r;
  }
  if (full(u)) u->res->cut = 1;
  else if (inside) return damaged(u, "gzip", u->res->file_bytes, "the file ends too early");
  return 0;
}

static int unzip(Unpack *u) {
  z_stream z = { 0 };
  if (inflateInit2(&z, 15 + 16) != Z_OK) return error_memory(u->err);
  int r = unzip_with(u, &z);
  inflateEnd(&z);
  return r;
}

static int unzstd_with(Unpack *u, ZSTD_DCtx *d) {
  size_t left = 1;       /* 0: at the end of a frame */
  uint64_t before = 0;
  int r;
  while (u->n > 0 && !full(u)) {
    ZSTD_inBuffer in = { u->in, u->n, 0 };
    int more = 1;
    while ((in.pos < in.size || more) && !full(u)) {
      ZSTD_outBuffer out = { u->out, READ_BUF, 0 };
      size_t pos = in.pos;
      left = ZSTD_decompressStream(d, &out, &in);
      if (ZSTD_isError(left)) return damaged(u, "zstd", before + in.pos, ZSTD_getErrorName(left));
      r = put(u, u->out, out.pos);
      if (r != 0) return r;
      more = out.pos == out.size;
      if (in.pos == pos && out.pos == 0) break;
      if (left == 0 && in.pos == in.size) break;
    }
    before += u->n;
    if (!full(u) && (r = refill(u)) != 0) return r;
  }
  if (full(u)) u->res->cut = 1;
  else if (left != 0) return damaged(u, "zstd", u->res->file_bytes, "the file ends too early");
  return 0;
}

static int unzstd(Unpack *u) {
  ZSTD_DCtx *d = ZSTD_createDCtx();
  if (d == NULL) return error_memory(u->err);
  ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 31);   /* what `zstd --long=31` writes */
  int r = unzstd_with(u, d);
  ZSTD_freeDCtx(d);
  return r;
}

static int unpack(Unpack *u) {
  int r = refill(u);
  if (r != 0) return r;
  u->res->packing = packing_of(span_of(u->in, u->n));
  r = u->res->packing == PACKING_GZIP ? unzip(u) : u->res->packing == PACKING_ZSTD ? unzstd(u) : copy(u);
  return r == 0 ? spool_flush(u->spool, u->err) : r;
}

static void finish_hash(Unpack *u) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  EVP_DigestFinal_ex(u->sha, digest, &n);
  for (unsigned i = 0; i < 32 && i < n; i++) sprintf(u->res->sha256 + 2 * i, "%02x", digest[i]);
}

int spool_unpack(Spool *s, int fd, const char *path, uint64_t max_bytes, int hash,
                 Unpacked *out, Error *err) {
  *out = (Unpacked){ 0 };
  Unpack u = { .spool = s, .fd = fd, .path = path, .max_bytes = max_bytes, .res = out, .err = err };
  u.in = malloc(READ_BUF);
  u.out = malloc(READ_BUF);
  if (hash) u.sha = EVP_MD_CTX_new();
  int r = u.in == NULL || u.out == NULL || (hash && u.sha == NULL) ? error_memory(err) : 0;
  if (r == 0 && hash && EVP_DigestInit_ex(u.sha, EVP_sha256(), NULL) != 1) r = error_memory(err);
  if (r == 0) r = unpack(&u);
  if (r == 0 && hash) finish_hash(&u);
  EVP_MD_CTX_free(u.sha);
  free(u.in);
  free(u.out);
  return r;
}
