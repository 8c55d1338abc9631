/* modules/neardup/index_read.c - see index.h: how an index is opened. Each number is held against
** the size of what it describes before anything is allocated or read by it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/spill.h"
#include "corpus/map.h"
#include "neardup/index_format.h"

enum { BLOCK = 24, FIELDS = (1u << FIELD_COUNT) - 1 };
#define EXPANDS 40000u   /* zstd makes at most 128 KiB of four bytes */

typedef struct Reading {
  Index *x;
  Span file;
  const char *name;
  Error *err;
  IndexBlock *block;     /* [blocks] */
  uint64_t *at;          /* [blocks] where in the file */
  size_t blocks;
  uint64_t tables_at, tables_packed, tables_raw, text;
} Reading;

static int damaged(Reading *r, const char *what) {
  return error_set(r->err, "%s is damaged (%s): make it anew by running that recipe again with --replace", r->name,
                   what);
}

static uint64_t get(const char *p, unsigned bytes) {
  uint64_t v = 0;
  for (unsigned i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)p[i] << 8 * i;
  return v;
}

int index_room(Index *x, size_t n) {
  x->n = n;
  x->start = spill_alloc((n + 1) * sizeof *x->start);
  x->place = spill_alloc((n + 1) * sizeof *x->place);
  x->present = spill_alloc(n + 1);
  return x->start == NULL || x->place == NULL || x->present == NULL ? -1 : 0;
}

void index_free(Index *x) {
  for (size_t s = 0; x->source != NULL && s < x->nsources; s++) free(x->source[s]);
  free(x->source);
  free(x->dataset);
  free(x->run);
  spill_free(x->text);
  spill_free(x->start);
  spill_free(x->place);
  spill_free(x->present);
  *x = (Index){ 0 };
}

/* ---- head and footer ---- */

static int read_head(Reading *r) {
  const char *p = r->file.ptr;
  if (r->file.len < 8 || memcmp(p, INDEX_MAGIC, 8) != 0)
    return error_set(r->err, "%s is no index of near_dedup: it does not begin with %s", r->name, INDEX_MAGIC);
  if (r->file.len < INDEX_HEAD + INDEX_FOOTER) return damaged(r, "it ends too early");
  uint64_t version = get(p + 8, 4), fold = get(p + 12, 4);
  if (version != INDEX_VERSION || fold != INDEX_FOLD)
    return error_set(r->err, "%s was written by another version of tamis (format %u.%u, this one reads %u.%u): "
                     "run that recipe again with --replace", r->name, (unsigned)version, (unsigned)fold,
                     (unsigned)INDEX_VERSION, (unsigned)INDEX_FOLD);
  return 0;
}

static int read_footer(Reading *r) {
  char all[INDEX_HEAD + INDEX_FOOTER - 8];
  const char *p = r->file.ptr + r->file.len - INDEX_FOOTER;
  memcpy(all, r->file.ptr, INDEX_HEAD);
  memcpy(all + INDEX_HEAD, p, INDEX_FOOTER - 8);
  if (XXH3_64bits(all, sizeof all) != get(p + INDEX_FOOTER - 8, 8)) return damaged(r, "its end is missing or changed");
  r->tables_at = get(p, 8);
  r->tables_packed = get(p + 8, 8);
  r->tables_raw = get(p + 16, 8);
  uint64_t rows = get(p + 32, 8), room = r->file.len - INDEX_FOOTER;
  r->text = get(p + 40, 8);
  r->x->fields = (unsigned)get(p + 48, 4);
  r->x->turns = (Turns){ (TurnsWhich)get(p + 52, 1) & 15, (unsigned)(get(p + 52, 4) >> 4) };
  if (r->tables_at < INDEX_HEAD || r->tables_at > room || r->tables_packed != room - r->tables_at)
    return damaged(r, "its parts do not fit its size");
  if (XXH3_64bits(r->file.ptr + r->tables_at, r->tables_packed) != get(p + 24, 8))
    return damaged(r, "the check of its tables fails");
  if (r->tables_raw > r->tables_packed * EXPANDS || rows > r->tables_raw || rows >= UINT32_MAX ||
      r->text > (r->tables_at - INDEX_HEAD) * EXPANDS)
    return damaged(r, "its figures contradict each other");
  if (r->x->fields == 0 || (r->x->fields & ~(unsigned)FIELDS) != 0 || r->x->turns.which > TURNS_TAIL)
    return damaged(r, "its fields are unknown");
  r->x->n = (size_t)rows;
  return 0;
}

/* ---- tables ---- */

/* The next len bytes of what is left; ptr NULL if there are fewer. */
static Span take(Span *left, uint64_t len) {
  if (len > left->len) return (Span){ 0 };
  Span s = span_of(left->ptr, (size_t)len);
  left->ptr += len;
  left->len -= (size_t)len;
  return s;
}

/* A string of its own; NULL if there is none. *memory is set when that is why. */
static char *take_string(Span *left, int *memory) {
  Span len = take(left, 4);
  Span s = len.ptr == NULL ? len : take(left, get(len.ptr, 4));
  if (s.ptr == NULL || memchr(s.ptr, '\0', s.len) != NULL) return NULL;
  char *copy = strndup(s.ptr, s.len);
  if (copy == NULL) *memory = 1;
  return copy;
}

static int read_names(Reading *r, Span *left) {
  Index *x = r->x;
  int memory = 0;
  x->dataset = take_string(left, &memory);
  x->run = x->dataset != NULL ? take_string(left, &memory) : NULL;
  int bad = x->run == NULL;
  Span count = { 0 };
  if (!bad) count = take(left, 4);
  uint64_t n = count.ptr != NULL ? get(count.ptr, 4) : 0;
  bad = bad || n == 0 || n > left->len / 4;
  if (!bad && (x->source = calloc((size_t)n, sizeof *x->source)) == NULL) return error_memory(r->err);
  for (; !bad && x->nsources < n; x->nsources++) bad = (x->source[x->nsources] = take_string(left, &memory)) == NULL;
  if (memory) return error_memory(r->err);
  return bad ? damaged(r, "its names cannot be read") : 0;
}

static int read_blocks(Reading *r, Span *left) {
  r->blocks = (r->x->n + INDEX_ROWS - 1) / INDEX_ROWS;
  Span s = take(left, (uint64_t)r->blocks * BLOCK);
  if (s.ptr == NULL) return damaged(r, "its list of blocks is cut off");
  r->block = malloc((r->blocks + 1) * sizeof *r->block);
  r->at = malloc((r->blocks + 1) * sizeof *r->at);
  if (r->block == NULL || r->at == NULL) return error_memory(r->err);
  uint64_t at = INDEX_HEAD, text = 0;
  for (size_t k = 0; k < r->blocks; k++, s.ptr += BLOCK) {
    IndexBlock b = { get(s.ptr, 8), get(s.ptr + 8, 8), get(s.ptr + 16, 8) };
    if (b.packed > r->tables_at - at || b.raw > b.packed * EXPANDS || b.raw > r->text - text)
      return damaged(r, "a block is larger than the file allows");
    r->block[k] = b;
    r->at[k] = at;
    at += b.packed;
    text += b.raw;
  }
  return at == r->tables_at && text == r->text ? 0 : damaged(r, "its blocks do not add up");
}

static int read_rows(Reading *r, Span *left) {
  Index *x = r->x;
  const size_t n = x->n;
  Span length = take(left, (uint64_t)n * 4), line = take(left, (uint64_t)n * 4), source = take(left, (uint64_t)n * 2);
  Span present = take(left, n);
  if (length.ptr == NULL || line.ptr == NULL || source.ptr == NULL || present.ptr == NULL || left->len != 0)
    return damaged(r, "its list of rows has another length");
  if (index_room(x, n) != 0) return error_memory(r->err);
  x->start[0] = 0;
  for (size_t i = 0; i < n; i++) {
    x->start[i + 1] = x->start[i] + get(length.ptr + 4 * i, 4);
    x->place[i] = (IndexPlace){ (uint32_t)get(source.ptr + 2 * i, 2), (uint32_t)get(line.ptr + 4 * i, 4) };
    x->present[i] = (uint8_t)present.ptr[i];
    if (x->place[i].source >= x->nsources || (x->present[i] & ~x->fields) != 0)
      return damaged(r, "a row is of no source or has an unknown field");
  }
  for (size_t k = 0; k < r->blocks; k++) {
    size_t end = (k + 1) * INDEX_ROWS < n ? (k + 1) * INDEX_ROWS : n;
    if (x->start[end] - x->start[k * INDEX_ROWS] != r->block[k].raw)
      return damaged(r, "its rows do not fill its blocks");
  }
  return 0;
}

static int read_tables(Reading *r) {
  size_t size = (size_t)r->tables_raw;
  char *raw = spill_alloc(size + 1);
  if (raw == NULL) return error_memory(r->err);
  Span left = span_of(raw, size);
  int bad = ZSTD_decompress(raw, size, r->file.ptr + r->tables_at, (size_t)r->tables_packed) != size;
  int code = bad ? damaged(r, "its tables cannot be unpacked") : read_names(r, &left);
  if (code == 0) code = read_blocks(r, &left);
  if (code == 0) code = read_rows(r, &left);
  spill_free(raw);
  return code;
}

/* ---- texts ---- */

/* Has the text as many fields as the row's set says? */
static int fields_fit(Span text, unsigned present) {
  unsigned parts = (unsigned)__builtin_popcount(present), found = 1;
  if (parts == 0) return text.len == 0;
  for (const char *p = text.ptr; found <= parts; found++) {
    p = memchr(p, '\x1f', (size_t)(text.ptr + text.len - p));
    if (p == NULL) break;
    p++;
  }
  return found == parts;
}

static int unpack_blocks(void *ctx, size_t begin, size_t end, int worker) {
  (void)worker;
  Reading *r = ctx;
  const Index *x = r->x;
  for (size_t k = begin; k < end; k++) {
    const IndexBlock *b = &r->block[k];
    const char *packed = r->file.ptr + r->at[k];
    size_t from = k * INDEX_ROWS, to = from + INDEX_ROWS < x->n ? from + INDEX_ROWS : x->n;
    int bad = XXH3_64bits(packed, (size_t)b->packed) != b->check ||
              ZSTD_decompress(x->text + x->start[from], (size_t)b->raw, packed, (size_t)b->packed) != b->raw;
    for (size_t i = from; !bad && i < to; i++)
      bad = !fields_fit(span_of(x->text + x->start[i], (size_t)(x->start[i + 1] - x->start[i])), x->present[i]);
    if (bad) return -1;
  }
  return 0;
}

int index_read(Index *x, Span bytes, const char *name, int tables_only, Pool *pool, Error *err) {
  *x = (Index){ 0 };
  Reading r = { .x = x, .file = bytes, .name = name, .err = err };
  int code = read_head(&r);
  if (code == 0) code = read_footer(&r);
  if (code == 0) code = read_tables(&r);
  if (code == 0 && !tables_only) {
    x->text = spill_alloc((size_t)r.text + 1);
    code = x->text == NULL ? error_memory(err) : pool_for(pool, r.blocks, 1, unpack_blocks, &r);
    if (code == -1 && x->text != NULL) damaged(&r, "the check of its texts fails");
  }
  free(r.block);
  free(r.at);
  if (code != 0) index_free(x);
  return code;
}

int index_open(Index *x, const char *path, int tables_only, Pool *pool, Error *err) {
  struct stat st;
  FileMap map;
  *x = (Index){ 0 };
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_errno(err, "cannot open %s", path);
  int r = fstat(fd, &st) != 0 ? error_errno(err, "cannot read %s", path) : 0;
  if (r == 0 && !S_ISREG(st.st_mode)) r = error_set(err, "%s is no file", path);
  if (r == 0) r = map_open(&map, fd, (size_t)st.st_size, path, err);
  close(fd);
  if (r != 0) return r;
  r = index_read(x, span_of(map.ptr, map.len), path, tables_only, pool, err);
  map_close(&map);
  return r;
}

/* ---- as texts ---- */

size_t index_of_text(const IndexTexts *t, size_t i) {
  size_t low = 0, high = t->n;   /* first[low] <= i < first[high] */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (t->first[middle] <= i) low = middle;
    else high = middle;
  }
  return low;
}

/* The same texts as view_fields (texts.c) makes of the rows themselves. */
static int index_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  (void)worker;
  const IndexTexts *t = (const IndexTexts *)src;
  size_t which = index_of_text(t, i);
  const Index *x = t->index[which];
  i -= t->first[which];
  Span left = span_of(x->text + x->start[i], (size_t)(x->start[i + 1] - x->start[i]));
  unsigned missing = 0;
  for (unsigned f = 0; f < FIELD_COUNT; f++) {
    Span text = { 0 };
    if (x->present[i] >> f & 1) {
      const char *end = memchr(left.ptr, '\x1f', left.len);
      text = span_of(left.ptr, end != NULL ? (size_t)(end - left.ptr) : left.len);
      left = span_of(left.ptr + text.len + (end != NULL), left.len - text.len - (end != NULL));
    }
    if (!(t->fields >> f & 1)) continue;
    if (text.ptr == NULL) {
      missing++;
      continue;
    }
    for (; missing > 0; missing--)
      if (grams_field(g, span_of("", 0)) != 0) return -1;
    if (grams_field(g, t->cut != NULL ? template_cut(&t->cut->field[f], text) : text) != 0) return -1;
  }
  return 0;
}

IndexTexts index_texts(const Index *const *index, size_t n, const size_t *first, unsigned fields,
                       GramUnit unit) {
  TextSource source = { .n = first[n], .fields = index_fields, .unit = unit };
  return (IndexTexts){ source, index, n, first, fields, NULL };
}
