/* modules/lm/lm_file.c - see lm.h: a model as bytes.
**   "TAMISLM\0"  version 4  order 4  letters 4  note 4  slots 8  check 8
**   note, letters 4 each, unigrams 4 each (cost 2, back-off 2), slots 8 each
** All numbers little-endian. The check is XXH3-64 of what stands behind it, seeded with that of what stands before. */
#include <stdlib.h>
#include <xxhash.h>

#include "lm/lm_inside.h"
#include "text/chars.h"

enum { CHECKED = 32, HEAD = 40, FIRST = 4 * (LM_SYMBOLS + 1), MOST_NOTE = 1 << 24 };

static int put(Buf *b, uint64_t v, int bytes) {
  char out[8];
  for (int i = 0; i < bytes; i++) out[i] = (char)(v >> 8 * i);
  return buf_add(b, out, (size_t)bytes);
}

static uint64_t get(const char *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)p[i] << 8 * i;
  return v;
}

static uint64_t check_of(const char *file, size_t len) {
  return XXH3_64bits_withSeed(file + HEAD, len - HEAD, XXH3_64bits(file, CHECKED));
}

int lm_write(const Lm *m, Buf *out) {
  size_t at = out->len;
  if (buf_reserve(out, HEAD + m->note.len + 4 * m->alphabet.nletters + FIRST + 8 * m->nslots) != 0) return -1;
  int bad = buf_add(out, LM_MAGIC, 8) != 0 || put(out, LM_VERSION, 4) != 0 || put(out, (uint64_t)m->order, 4) != 0 ||
            put(out, m->alphabet.nletters, 4) != 0 || put(out, m->note.len, 4) != 0 || put(out, m->nslots, 8) != 0 ||
            put(out, 0, 8) != 0 || buf_add(out, m->note.ptr != NULL ? m->note.ptr : "", m->note.len) != 0;
  for (size_t i = 0; !bad && i < m->alphabet.nletters; i++) bad = put(out, m->alphabet.letter[i], 4) != 0;
  for (size_t i = 0; !bad && i <= LM_SYMBOLS; i++)
    bad = put(out, m->first[i].cost, 2) != 0 || put(out, m->first[i].back, 2) != 0;
  for (size_t i = 0; !bad && i < m->nslots; i++) bad = put(out, m->slot[i], 8) != 0;
  if (bad) return -1;
  uint64_t check = check_of(out->ptr + at, out->len - at);
  for (int i = 0; i < 8; i++) out->ptr[at + CHECKED + (size_t)i] = (char)(check >> 8 * i);
  return 0;
}

static int damaged(const char *name, const char *what, Error *err) {
  return error_set(err, "%s is damaged (%s): fit it again with tamis fit lm", name, what);
}

/* Head and check; the sizes are then those of the file. */
static int check_head(Span bytes, const char *name, Error *err) {
  if (bytes.len < 8 || memcmp(bytes.ptr, LM_MAGIC, 8) != 0)
    return error_set(err, "%s is no model of tamis fit lm: it does not begin with %s", name, LM_MAGIC);
  if (bytes.len < HEAD) return damaged(name, "it ends too early", err);
  const char *p = bytes.ptr;
  if (get(p + 8, 4) != LM_VERSION)
    return error_set(err, "%s was written by another version of tamis (format %u, this one reads %u): fit it again with "
                     "tamis fit lm", name, (unsigned)get(p + 8, 4), (unsigned)LM_VERSION);
  uint64_t order = get(p + 12, 4), letters = get(p + 16, 4), note = get(p + 20, 4), slots = get(p + 24, 8);
  uint64_t rest = bytes.len - HEAD;
  if (order < LM_MIN_ORDER || order > LM_MAX_ORDER || letters > LM_MAX_LETTERS || note > MOST_NOTE ||
      slots <= LM_PROBES || slots > rest / 8 || slots > UINT32_MAX || note + 4 * letters + FIRST + 8 * slots != rest)
    return damaged(name, "its parts do not fit its size", err);
  return get(p + CHECKED, 8) == check_of(p, bytes.len) ? 0 : damaged(name, "its check fails", err);
}

static int read_parts(Lm *m, Span bytes, const char *name, Error *err) {
  const char *p = bytes.ptr;
  uint32_t letter[LM_MAX_LETTERS];
  size_t nletters = (size_t)get(p + 16, 4), note = (size_t)get(p + 20, 4);
  m->order = (int)get(p + 12, 4);
  m->nslots = (size_t)get(p + 24, 8);
  m->slot = malloc(m->nslots * sizeof *m->slot);
  if (m->slot == NULL || buf_add(&m->note, p + HEAD, note) != 0) return error_memory(err);
  p += HEAD + note;
  for (size_t i = 0; i < nletters; i++, p += 4) letter[i] = (uint32_t)get(p, 4);
  if (lm_alphabet_init(&m->alphabet, letter, nletters) != 0) return damaged(name, "its letters are out of order", err);
  if (!chars_valid(m->note.len > 0 ? m->note.ptr : "", m->note.len)) return damaged(name, "its note is no UTF-8", err);
  for (size_t i = 0; i <= LM_SYMBOLS; i++, p += 4) {
    m->first[i] = (LmEntry){ (uint16_t)get(p, 2), (uint16_t)get(p + 2, 2) };
    if (m->first[i].cost > LM_MOST || m->first[i].back > LM_MOST) return damaged(name, "a cost is out of range", err);
  }
  for (size_t i = 0; i < m->nslots; i++, p += 8) m->slot[i] = get(p, 8);
  return 0;
}

Lm *lm_read(Span bytes, const char *name, Error *err) {
  if (check_head(bytes, name, err) != 0) return NULL;
  Lm *m = calloc(1, sizeof *m);
  if (m == NULL) {
    error_memory(err);
    return NULL;
  }
  atomic_init(&m->refs, 1);
  if (read_parts(m, bytes, name, err) == 0) return m;
  lm_unref(m);
  return NULL;
}
