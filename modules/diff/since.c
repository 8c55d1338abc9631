/* modules/diff/since.c - see since.h */
#include "diff/since.h"

#include <endian.h>
#include <sqlite3.h>
#include <stdlib.h>

enum { AHEAD = 16 };            /* rows whose slots are asked for before they are read */
enum { NEVER = 0xFFFFFFFFu };   /* no cause */

/* What is known of the rows of one identity; it stands under the first of them. */
typedef struct Twins {
  uint32_t kept, before;   /* rows that are kept, and were */
  uint32_t cause;          /* why one was rejected before; NEVER: none was */
} Twins;

typedef struct Counting {
  const View *view;
  uint64_t *slot;          /* [1 << bits] open addressing by identity: 32 bits of it, row + 1; 0: free */
  unsigned bits;
  uint32_t *first;         /* [nrows] the first row of the same identity */
  Twins *twins;            /* [nrows] */
  Since *s;
  size_t cap;
  uint32_t last;           /* the cause found last */
  uint32_t next;           /* the row that the ledger's next row most likely is: sources change little */
  sqlite3 *db;
  sqlite3_stmt *query;
} Counting;

static size_t slot_of(const Counting *c, Hash128 id) {
  return (size_t)(id.lo * UINT64_C(0x9E3779B97F4A7C15) >> (64 - c->bits));
}

static uint64_t tag_of(Hash128 id) { return id.hi >> 32 << 32; }

/* The first row of that identity, or where it would stand: *at. */
static uint32_t find(const Counting *c, Hash128 id, size_t *at) {
  const size_t mask = ((size_t)1 << c->bits) - 1;
  const Hash128 *identity = c->view->corpus->identity;
  size_t i = slot_of(c, id);
  for (; c->slot[i] != 0; i = (i + 1) & mask) {
    if ((c->slot[i] ^ tag_of(id)) >> 32 != 0) continue;
    uint32_t row = (uint32_t)c->slot[i] - 1;
    if (identity[row].lo == id.lo && identity[row].hi == id.hi) return row;
  }
  *at = i;
  return PLACE_NONE;
}

static int counting_init(Counting *c) {
  const uint32_t n = c->view->corpus->nrows;
  for (c->bits = 4; ((size_t)1 << c->bits) < (size_t)n * 2;) c->bits++;
  c->slot = calloc((size_t)1 << c->bits, sizeof *c->slot);
  c->first = malloc((n + (size_t)1) * sizeof *c->first);
  c->twins = malloc((n + (size_t)1) * sizeof *c->twins);
  if (c->slot == NULL || c->first == NULL || c->twins == NULL) return -1;
  const Hash128 *identity = c->view->corpus->identity;
  for (uint32_t i = 0; i < n; i++) {
    size_t at = 0;
    if (i + AHEAD < n) __builtin_prefetch(&c->slot[slot_of(c, identity[i + AHEAD])], 1);
    uint32_t first = find(c, identity[i], &at);
    if (first == PLACE_NONE) {
      c->slot[at] = tag_of(identity[i]) | (i + 1);
      first = i;
      c->twins[i] = (Twins){ 0, 0, NEVER };
    }
    c->first[i] = first;
    c->twins[first].kept += view_status(c->view, i) == STATUS_STANDING;
  }
  return 0;
}

static int same(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* The number of a cause, made when new; NEVER if out of memory. */
static uint32_t cause_of(Counting *c, int lost, const char *stage, const char *reason) {
  Since *s = c->s;
  for (size_t k = 0; k <= s->ncauses; k++) {
    size_t i = k == 0 ? c->last : k - 1;
    if (i < s->ncauses && s->cause[i].lost == lost && same(s->cause[i].stage, stage) &&
        same(s->cause[i].reason, reason)) return c->last = (uint32_t)i;
  }
  if (s->ncauses == c->cap) {
    size_t cap = c->cap * 2 + 16;
    SinceCause *more = realloc(s->cause, cap * sizeof *more);
    if (more == NULL) return NEVER;
    s->cause = more;
    c->cap = cap;
  }
  SinceCause made = { lost, stage != NULL ? strdup(stage) : NULL, reason != NULL ? strdup(reason) : NULL, 0 };
  s->cause[s->ncauses++] = made;
  if ((stage != NULL && made.stage == NULL) || (reason != NULL && made.reason == NULL)) return NEVER;
  return c->last = (uint32_t)s->ncauses - 1;
}

static int add(Counting *c, int lost, const char *stage, const char *reason, size_t rows) {
  uint32_t cause = cause_of(c, lost, stage, reason);
  if (cause == NEVER) return -1;
  c->s->cause[cause].rows += rows;
  return 0;
}

/* ---- the earlier run ---- */

enum { COLUMN_IDENTITY, COLUMN_STATUS, COLUMN_STAGE, COLUMN_REASON };

static uint32_t look_up(Counting *c, Hash128 id) {
  const Corpus *corpus = c->view->corpus;
  size_t at;
  uint32_t row = c->next;
  if (row >= corpus->nrows || corpus->identity[row].lo != id.lo || corpus->identity[row].hi != id.hi)
    row = find(c, id, &at);
  if (row == PLACE_NONE) return PLACE_NONE;
  c->next = row + 1;
  return c->first[row];
}

static int take_row(Counting *c, size_t *gone) {
  const unsigned char *bytes = sqlite3_column_blob(c->query, COLUMN_IDENTITY);
  const int kept = sqlite3_column_int(c->query, COLUMN_STATUS) == 0;
  uint64_t half[2];
  if (bytes == NULL || sqlite3_column_bytes(c->query, COLUMN_IDENTITY) != sizeof half) return -1;
  memcpy(half, bytes, sizeof half);
  uint32_t first = look_up(c, (Hash128){ be64toh(half[0]), be64toh(half[1]) });
  c->s->kept_before += (size_t)kept;
  if (first == PLACE_NONE) {
    *gone += (size_t)kept;
    return 0;
  }
  if (kept) c->twins[first].before++;
  else if (c->twins[first].kept > 0 && c->twins[first].cause == NEVER) {
    c->twins[first].cause = cause_of(c, 0, (const char *)sqlite3_column_text(c->query, COLUMN_STAGE),
                                     (const char *)sqlite3_column_text(c->query, COLUMN_REASON));
    if (c->twins[first].cause == NEVER) return -1;
  }
  return 0;
}

static int read_ledger(Counting *c, const char *ledger, size_t *gone) {
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(ledger, &c->db, flags, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(c->db, "SELECT identity, status, stage, reason FROM rows", -1, &c->query, NULL) != SQLITE_OK)
    return -1;
  int step, bad = 0;
  while (!bad && (step = sqlite3_step(c->query)) == SQLITE_ROW) bad = take_row(c, gone);
  return bad || step != SQLITE_DONE ? -1 : 0;
}

/* ---- both ---- */

/* Rows of an identity that more were kept of before are lost to what rejects as many of them now. */
static int count_lost(Counting *c, size_t gone) {
  const Corpus *corpus = c->view->corpus;
  for (uint32_t i = 0; i < corpus->nrows; i++) {
    Twins *t = &c->twins[c->first[i]];
    const Verdict *d = t->before > t->kept ? view_verdict(c->view, i) : NULL;
    if (d == NULL) continue;
    t->before--;
    c->s->lost++;
    if (add(c, 1, corpus_stage_name(corpus, d->stage), names_text(corpus->names, d->reason), 1) != 0) return -1;
  }
  for (uint32_t i = 0; i < corpus->nrows; i++)   /* fewer of them are in the sources */
    if (c->first[i] == i && c->twins[i].before > c->twins[i].kept) gone += c->twins[i].before - c->twins[i].kept;
  c->s->lost += gone;
  return gone > 0 ? add(c, 1, NULL, NULL, gone) : 0;
}

static int count_gained(Counting *c) {
  size_t new = 0;
  for (uint32_t i = 0; i < c->view->corpus->nrows; i++) {
    const Twins *t = &c->twins[i];
    if (c->first[i] != i || t->kept <= t->before) continue;
    c->s->gained += t->kept - t->before;
    if (t->cause == NEVER) new += t->kept - t->before;
    else c->s->cause[t->cause].rows += t->kept - t->before;
  }
  return new > 0 ? add(c, 0, NULL, NULL, new) : 0;
}

static int compare_text(const char *a, const char *b) {
  if (a == NULL || b == NULL) return (a != NULL) - (b != NULL);
  return strcmp(a, b);
}

static int by_rows(const void *p, const void *q) {
  const SinceCause *a = p, *b = q;
  if (a->lost != b->lost) return a->lost - b->lost;
  if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
  int r = compare_text(a->stage, b->stage);
  return r != 0 ? r : compare_text(a->reason, b->reason);
}

/* Causes that no row has after all go. */
static void settle(Since *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->ncauses; i++) {
    if (s->cause[i].rows > 0) {
      s->cause[n++] = s->cause[i];
      continue;
    }
    free(s->cause[i].stage);
    free(s->cause[i].reason);
  }
  s->ncauses = n;
  if (n > 0) qsort(s->cause, n, sizeof *s->cause, by_rows);
}

void since_free(Since *s) {
  for (size_t i = 0; i < s->ncauses; i++) {
    free(s->cause[i].stage);
    free(s->cause[i].reason);
  }
  free(s->cause);
  *s = (Since){ 0 };
}

int since_find(const View *v, const char *ledger, Since *s, Error *err) {
  Counting c = { .view = v, .s = s };
  size_t gone = 0;
  *s = (Since){ .kept = v->standing };
  int r = counting_init(&c) != 0 ? error_memory(err) : 0;
  if (r == 0 && read_ledger(&c, ledger, &gone) != 0)
    r = error_set(err, "cannot read %s: %s", ledger, c.db != NULL ? sqlite3_errmsg(c.db) : "not enough memory");
  if (r == 0 && (count_gained(&c) != 0 || count_lost(&c, gone) != 0)) r = error_memory(err);
  sqlite3_finalize(c.query);
  sqlite3_close(c.db);
  free(c.slot);
  free(c.first);
  free(c.twins);
  if (r == 0) settle(s);
  else since_free(s);
  return r;
}
