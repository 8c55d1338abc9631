/* modules/corpus/source.c - from a path to mapped bytes that hold a row a line, and the file's
** own hash and state. See source.h and reader.h. */
#include "corpus/source.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "corpus/json.h"
#include "corpus/reader.h"

const char *source_path_at(const void *address) { return map_path_at(address); }
const char *source_damage(const Source *s) { return s->impl == NULL ? NULL : s->impl->damage; }

void source_close(Source *s) {
  if (s->impl == NULL) return;
  map_close(&s->impl->map);
  free(s->impl->records.record);
  free(s->impl->damage);
  free(s->impl);
  s->impl = NULL;
}

/* ---- opening the file ---- */

static int open_file(const char *path, struct stat *st, Error *err) {
  int fd = strcmp(path, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return error_set(err, "%s: no such file", path);
  if (fd < 0) return error_errno(err, "cannot read %s", path);
  if (fstat(fd, st) != 0) error_errno(err, "cannot read %s", path);
  else if (S_ISDIR(st->st_mode)) error_set(err, "%s is a folder, not a file; name the files in it: %s/*.jsonl", path, path);
  else return fd;
  close(fd);
  return -1;
}

/* Files of other kinds that people hand us; what they begin with. */
static int check_magic(const char *path, Span head, Error *err) {
  static const struct { const char *bytes; size_t len; const char *what, *hint; } kinds[] = {
    { "\xFF\xFE\0\0", 4, "UTF-32 text", "convert it first: iconv -f UTF-32 -t UTF-8" },
    { "\0\0\xFE\xFF", 4, "UTF-32 text", "convert it first: iconv -f UTF-32 -t UTF-8" },
    { "\xFF\xFE", 2, "UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8" },
    { "\xFE\xFF", 2, "UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8" },
    { "PAR1", 4, "a Parquet file", "write it as JSONL first" },
    { "BZh", 3, "packed by bzip2", "unpack it first: bunzip2 --keep" },
    { "\xFD" "7zXZ", 5, "packed by xz", "unpack it first: unxz --keep" },
    { "PK\3\4", 4, "a zip archive", "unpack it first: unzip" },
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (head.len >= kinds[i].len && memcmp(head.ptr, kinds[i].bytes, kinds[i].len) == 0)
      return error_set(err, "%s is %s; %s", path, kinds[i].what, kinds[i].hint);
  return 0;
}

/* Maps what a spool holds in place of what is mapped now. */
static int map_spool(Source *s, Spool *spool, Error *err) {
  if (spool_flush(spool, err) != 0) return -1;
  FileMap old = s->impl->map;
  if (map_open(&s->impl->map, spool->fd, spool->len, s->path, err) != 0) {
    s->impl->map = old;
    return -1;
  }
  map_close(&old);
  return 0;
}

static int note_damage(Source *s, const SourceOptions *o, const char *text, Error *err) {
  if (!o->allow_damaged)
    return error_set(err, "%s; --allow-damaged takes the whole rows before it", text);
  if (s->impl->damage == NULL) s->impl->damage = strdup(text);
  return s->impl->damage == NULL ? error_memory(err) : 0;
}

static int spool_stream(Source *s, int fd, const SourceOptions *o, Error *err) {
  Spool spool;
  Unpacked u;
  if (spool_open(&spool, o->spool_dir, err) != 0) return -1;
  int r = spool_unpack(&spool, fd, s->path, o->max_bytes, s->impl->stream, &u, err);
  if (r == 0 && u.damaged) r = note_damage(s, o, u.damage.text, err);
  if (r == 0) r = map_spool(s, &spool, err);
  spool_close(&spool);
  if (r != 0) return r;
  s->impl->cut = u.cut || u.damaged;
  if (!s->impl->stream) return 0;
  s->file_bytes = u.file_bytes;
  memcpy(s->sha256, u.sha256, sizeof s->sha256);
  return 0;
}

/* Maps the file itself, or spools what has to be unpacked or cannot be mapped. */
static int read_in(Source *s, const SourceOptions *o, Error *err) {
  struct SourceImpl *impl = s->impl;
  int fd = open_file(s->path, &impl->stat, err), r = 0;
  if (fd < 0) return -1;
  char head[16] = { 0 };
  ssize_t n = 0;
  impl->stream = !S_ISREG(impl->stat.st_mode) || strcmp(s->path, "-") == 0;
  if (!impl->stream) {
    s->file_bytes = (uint64_t)impl->stat.st_size;
    n = pread(fd, head, sizeof head, 0);
    if (n < 0) r = error_errno(err, "cannot read %s", s->path);
  }
  if (r == 0) {
    if (impl->stream || packing_of(span_of(head, (size_t)n)) != PACKING_NONE) r = spool_stream(s, fd, o, err);
    else r = map_open(&impl->map, fd, (size_t)s->file_bytes, s->path, err);
  }
  close(fd);
  return r;
}

/* ---- what kind of text it is ---- */

static int ends_with(Span name, const char *tail) {
  size_t n = strlen(tail);
  return name.len >= n && strncasecmp(name.ptr + name.len - n, tail, n) == 0;
}

static Span name_without_packing(const char *path) {
  Span name = span_str(path);
  if (ends_with(name, ".gz")) name.len -= 3;
  else if (ends_with(name, ".zst")) name.len -= 4;
  else if (ends_with(name, ".zstd")) name.len -= 5;
  return name;
}

static const char *skip_blanks(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p;
}

/* Is this text one array of rows? A file of another name may also hold a list a line, which is no
** row, but each line is whole then. */
static int is_array(Span text, int named_json) {
  const char *end = text.ptr + text.len, *p = skip_blanks(text.ptr, end);
  if (p >= end || *p != '[') return 0;
  if (named_json) return 1;
  const char *stop = memchr(p, '\n', (size_t)(end - p));
  if (stop == NULL || skip_blanks(stop, end) == end) return 1;
  JsonDoc doc = { 0 };
  int whole = json_check(&doc, span_of(p, (size_t)(stop - p)), 0) == JSON_OK;
  json_doc_free(&doc);
  return !whole;
}

/* What comes through a pipe has no name to tell a table by: its first line is no JSON and has columns, and
** no object stands behind it. */
static int is_table(Span text) {
  const char *end = text.ptr + text.len, *p = skip_blanks(text.ptr, end);
  const char *stop = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
  if (stop == NULL || *p == '{' || *p == '[') return 0;
  const char *second = skip_blanks(stop, end);
  if (second < end && *second == '{') return 0;
  Span line = span_of(p, (size_t)(stop - p));
  int columns = 0;
  for (size_t i = 0; i < line.len; i++) columns |= strchr(",;\t|", line.ptr[i]) != NULL && line.ptr[i] != '\0';
  if (!columns) return 0;
  JsonDoc doc = { 0 };
  int json = json_check(&doc, line, 0) == JSON_OK;
  json_doc_free(&doc);
  return !json;
}

static int report_broken(Source *s, const SourceOptions *o, const Broken *b, const char *what, Error *err) {
  if (b->why == NULL || s->impl->cut) return 0;   /* a cut or damaged stream: known already */
  Error text;
  int packed = name_without_packing(s->path).len < strlen(s->path);
  error_set(&text, "%s: %s at byte %llu%s: %s", s->path, what, (unsigned long long)b->at,
            packed ? " of the unpacked text" : "", b->why);
  return note_damage(s, o, text.text, err);
}

/* Turns an array or a table into lines, in a second spool. */
static int convert(Source *s, const SourceOptions *o, Error *err) {
  struct SourceImpl *impl = s->impl;
  Span name = name_without_packing(s->path);
  Span text = span_of(impl->map.ptr + impl->start, impl->map.len - impl->start);
  char delimiter = ends_with(name, ".csv") ? ',' : ends_with(name, ".tsv") ? '\t' : 0;
  if (strcmp(s->path, "-") == 0 && is_table(text)) delimiter = ',';
  if (delimiter == 0 && !is_array(text, ends_with(name, ".json"))) return 0;
  if (delimiter != 0) text.len = impl->stop - impl->start;
  if (delimiter == ',' && csv_delimiter(text, s->path, &delimiter, err) != 0) return -1;
  Spool spool;
  Broken broken;
  if (spool_open(&spool, o->spool_dir, err) != 0) return -1;
  impl->table = delimiter != 0;
  s->lossy_lines = delimiter == 0;
  int r = delimiter != 0 ? csv_to_lines(text, delimiter, s->path, &spool, &impl->records, &broken, err)
                         : array_to_lines(text, &spool, &broken, err);
  if (r == 0) r = report_broken(s, o, &broken, delimiter != 0 ? "the table is damaged" : "the JSON array is damaged", err);
  if (r == 0) r = map_spool(s, &spool, err);
  spool_close(&spool);
  impl->start = 0;
  impl->stop = impl->map.len;
  return r;
}

int source_say_delimiter(Source *s, Error *err) {
  const struct SourceImpl *impl = s->impl;
  char delimiter = impl->records.delimiter;
  if (!impl->table || delimiter == ',') return 0;
  if (delimiter == '\t' && !ends_with(name_without_packing(s->path), ".csv")) return 0;
  Buf b = { 0 };
  int r = s->format_reason == NULL ? 0 : buf_printf(&b, "%s; ", s->format_reason);
  if (r == 0) r = delimiter == '\t' ? buf_str(&b, "separated by tabs") : buf_printf(&b, "separated by \"%c\"", delimiter);
  if (r == 0) r = buf_char(&b, '\0');
  if (r != 0) {
    buf_free(&b);
    return error_memory(err);
  }
  free(s->format_reason);
  s->format_reason = b.ptr;
  return 0;
}

static size_t behind_last_break(Span text) {
  const char *last = text.len > 0 ? memrchr(text.ptr, '\n', text.len) : NULL;
  return last == NULL ? 0 : (size_t)(last + 1 - text.ptr);
}

int source_open(Source *s, const SourceOptions *o, Error *err) {
  s->impl = calloc(1, sizeof *s->impl);
  if (s->impl == NULL) return error_memory(err);
  int r = read_in(s, o, err);
  if (r != 0) return r;
  Span text = span_of(s->impl->map.ptr, s->impl->map.len);
  if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) s->impl->start = 3;
  if (check_magic(s->path, text, err) != 0) return -1;
  s->impl->stop = s->impl->cut ? behind_last_break(text) : text.len;
  if (s->impl->stop < s->impl->start) s->impl->stop = s->impl->start;
  r = convert(s, o, err);
  s->bytes = s->impl->map.ptr;
  s->len = s->impl->map.len;
  return r;
}

/* ---- the file as it lies on disk ---- */

static int changed(const Source *s, const struct stat *now) {
  const struct stat *was = &s->impl->stat;
  return was->st_size != now->st_size || was->st_ino != now->st_ino || was->st_dev != now->st_dev ||
         was->st_mtim.tv_sec != now->st_mtim.tv_sec || was->st_mtim.tv_nsec != now->st_mtim.tv_nsec;
}

static int say_changed(const Source *s, Error *err) {
  return error_set(err, "%s changed while it was being read", s->path);
}

int corpus_check_sources(const Corpus *c, Error *err) {
  for (size_t i = 0; i < c->nsources; i++) {
    const Source *s = &c->sources[i];
    struct stat now;
    if (s->impl == NULL || s->impl->stream) continue;
    int r = stat(s->path, &now);
    if (r != 0 && errno == ENOENT) return error_set(err, "%s went away while it was being read", s->path);
    if (r != 0) return error_errno(err, "cannot look at %s", s->path);
    if (changed(s, &now)) return say_changed(s, err);
  }
  return 0;
}

enum { HASH_BUF = 256 << 10 };

static int hash_fd(Source *s, int fd, EVP_MD_CTX *sha, char *buf, Error *err) {
  for (;;) {
    ssize_t n = read(fd, buf, HASH_BUF);
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_errno(err, "cannot read %s", s->path);
    if (n == 0) break;
    EVP_DigestUpdate(sha, buf, (size_t)n);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  EVP_DigestFinal_ex(sha, digest, &n);
  for (unsigned i = 0; i < 32 && i < n; i++) sprintf(s->sha256 + 2 * i, "%02x", digest[i]);
  return 0;
}

static int hash_source(Source *s, Error *err) {
  struct stat now;
  int fd = open_file(s->path, &now, err);
  if (fd < 0) return -1;
  EVP_MD_CTX *sha = EVP_MD_CTX_new();
  char *buf = malloc(HASH_BUF);
  int r = sha == NULL || buf == NULL || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1 ? error_memory(err) : 0;
  if (r == 0 && changed(s, &now)) r = say_changed(s, err);
  if (r == 0) r = hash_fd(s, fd, sha, buf, err);
  free(buf);
  EVP_MD_CTX_free(sha);
  close(fd);
  return r;
}

typedef struct HashJob { Corpus *c; Error *err; } HashJob;

static int hash_some(void *ctx, size_t begin, size_t end, int worker) {
  HashJob *j = ctx;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    Source *s = &j->c->sources[i];
    if (s->impl == NULL || s->sha256[0] != '\0') continue;
    int r = hash_source(s, &j->err[i]);
    if (r != 0) return r;
  }
  return 0;
}

int corpus_hash_sources(Corpus *c, Pool *pool, Error *err) {
  HashJob j = { c, calloc(c->nsources + 1, sizeof *j.err) };
  if (j.err == NULL) return error_memory(err);
  int r = pool_for(pool, c->nsources, 1, hash_some, &j);
  if (err != NULL) err->text[0] = '\0';
  for (size_t i = 0; r != 0 && r != POOL_INTERRUPTED && i < c->nsources; i++)
    if (j.err[i].text[0] != '\0') {
      if (err != NULL) *err = j.err[i];
      break;
    }
  free(j.err);
  return r;
}
