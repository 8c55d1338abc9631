/* modules/scan/pii_op.c - see pii_op.h.
** Each worker of the pool has a state of its own, made when it first comes by. */
#include "scan/pii_op.h"

#include <stdio.h>
#include <stdlib.h>

#include "corpus/list.h"
#include "scan/redact.h"
#include "scan/standin.h"

/* A match in one of the row's strings. */
typedef struct Found {
  size_t string;         /* index among the row's strings */
  ScanMatch match;
} Found;

typedef struct Worker {
  ScanState *state;
  size_t n, cap;
  Found *found;          /* [n] by string and place */
  size_t nspans, cap_spans;
  EvidenceSpan *span;
  size_t nmatches, cap_matches;
  ScanMatch *match;      /* those of one string */
  size_t nplaces, cap_places;
  EditSpan *place;       /* those of them that are replaced */
  Buf text;
} Worker;

enum { MAX_WORKERS = 1024 };

typedef struct PiiOp {
  RowOp op;
  Scanner *scanner;
  size_t ntypes;
  ScanAction *action;    /* [ntypes] */
  char **reason;         /* [ntypes] */
  const char **redacted; /* [ntypes] type's name, NULL where it is neither redacted nor stood in for */
  char *key;             /* owned */
  size_t key_len;
  int across_rows, pseudonyms;
  char *limit_reason, *annotation;
  int rejects, redacts, tags;   /* whether some type asks for it */
  Worker *worker[MAX_WORKERS];  /* each slot touched by its worker only */
} PiiOp;

static void worker_free(Worker *w) {
  if (w == NULL) return;
  scan_state_free(w->state);
  free(w->found);
  free(w->span);
  free(w->match);
  free(w->place);
  buf_free(&w->text);
  free(w);
}

static Worker *worker_of(PiiOp *p, int index) {
  if (index < 0 || index >= MAX_WORKERS) return NULL;
  if (p->worker[index] == NULL) {
    Worker *w = calloc(1, sizeof *w);
    if (w == NULL || (w->state = scan_state_new(p->scanner)) == NULL) {
      free(w);
      return NULL;
    }
    p->worker[index] = w;
  }
  return p->worker[index];
}

/* What the gate saw in a string of the row, for the operators behind it: of that very text, an edited one is
** another. */
typedef struct Seen {
  Span text;             /* ptr NULL: the gate was not asked */
  ScanSeen seen;
} Seen;

/* The row's memory of what the gate saw [nstrings]; NULL if nobody shares it, or out of memory: each then
** asks for itself. */
static Seen *seen_of(const PiiOp *p, Scratch *s, size_t nstrings) {
  const void *gate = scanner_shared(p->scanner);
  if (gate == NULL) return NULL;
  Seen *seen = scratch_left(s, gate);
  if (seen != NULL) return seen;
  seen = scratch_room(s, nstrings * sizeof *seen);
  if (seen == NULL || scratch_leave(s, gate, seen) != 0) return NULL;
  if (nstrings > 0) memset(seen, 0, nstrings * sizeof *seen);
  return seen;
}

static int keep_seen(Scratch *s, Seen *to, Span text, const ScanSeen *seen) {
  if (seen->n < 0) return 0;
  size_t len = (size_t)seen->n * sizeof *seen->pattern;
  uint32_t *copy = scratch_room(s, len);
  if (copy == NULL) return -1;
  if (len > 0) memcpy(copy, seen->pattern, len);
  *to = (Seen){ text, { seen->n, copy } };
  return 0;
}

static int find_in(const PiiOp *p, Worker *w, Scratch *s, Span text, Seen *known) {
  if (known == NULL) return scanner_find(p->scanner, w->state, text);
  int has = known->text.ptr == text.ptr && known->text.len == text.len;
  ScanSeen seen = has ? known->seen : (ScanSeen){ .n = -1 };
  if (scanner_find_seen(p->scanner, w->state, text, &seen) != 0) return -1;
  return has ? 0 : keep_seen(s, known, text, &seen);
}

/* Finds all of the row's matches into w; *limited is the type whose search met the limit, or -1. */
static int find_all(const PiiOp *p, Worker *w, Scratch *s, const RowString *string, size_t nstrings, int64_t *limited) {
  Seen *seen = seen_of(p, s, nstrings);
  w->n = 0;
  *limited = -1;
  for (size_t i = 0; i < nstrings; i++) {
    if (find_in(p, w, s, string[i].text, seen != NULL ? &seen[i] : NULL) != 0) return -1;
    if (w->state->limited >= 0 && *limited < 0) *limited = w->state->limited;
    for (size_t k = 0; k < w->state->n; k++) {
      Found *f = LIST_PUSH(w->found, w->n, w->cap);
      if (f == NULL) return -1;
      *f = (Found){ i, w->state->match[k] };
    }
  }
  return 0;
}

/* Code points of text before byte `to`, counted on from *at, where they are *points. */
static uint32_t points_to(Span text, size_t to, size_t *at, size_t *points) {
  for (; *at < to; ++*at) *points += (text.ptr[*at] & 0xC0) != 0x80;
  return (uint32_t)*points;
}

/* Turns bytes of found[k..] into code points, counting on from the last place in the same string. */
static int make_spans(Worker *w, const Scanner *s, const RowString *string, size_t type) {
  size_t at = 0, points = 0, in = SIZE_MAX;
  w->nspans = 0;
  for (size_t k = 0; k < w->n; k++) {
    const Found *f = &w->found[k];
    if (f->match.type != type) continue;
    const RowString *rs = &string[f->string];
    if (f->string != in) at = points = 0;
    in = f->string;
    uint32_t start = points_to(rs->text, f->match.start, &at, &points);
    EvidenceSpan *span = LIST_PUSH(w->span, w->nspans, w->cap_spans);
    if (span == NULL) return -1;
    *span = (EvidenceSpan){ rs, start, points_to(rs->text, f->match.end, &at, &points), scanner_type(s, type) };
  }
  return 0;
}

/* One rejection for each type that asks for it, in the order of types. */
static int reject(const PiiOp *p, Worker *w, const RowString *string, Out *out) {
  for (size_t t = 0; t < p->ntypes; t++) {
    if (p->action[t] != SCAN_REJECT) continue;
    if (make_spans(w, p->scanner, string, t) != 0) return -1;
    if (w->nspans > 0 && out_reject_spans(out, p->reason[t], w->span, w->nspans) != 0) return -1;
  }
  return 0;
}

static int reject_limit(const PiiOp *p, int64_t type, Out *out) {
  char detail[160];
  int n = snprintf(detail, sizeof detail, "the search for %s met its limit", scanner_type(p->scanner, (size_t)type));
  size_t len = n < (int)sizeof detail ? (size_t)n : sizeof detail - 1;
  return out_reject_detail(out, span_str(p->limit_reason), span_of(detail, len));
}

static int tag(const PiiOp *p, Worker *w, Out *out) {
  w->text.len = 0;
  for (size_t t = 0; t < p->ntypes; t++) {
    size_t k = 0;
    if (p->action[t] != SCAN_TAG) continue;
    while (k < w->n && w->found[k].match.type != t) k++;
    if (k == w->n) continue;
    if (w->text.len > 0 && buf_char(&w->text, ',') != 0) return -1;
    if (buf_str(&w->text, scanner_type(p->scanner, t)) != 0) return -1;
  }
  if (w->text.len == 0) return 0;
  return out_annotate(out, span_str(p->annotation), (Value){ .type = VALUE_STRING, .text = buf_span(&w->text) });
}

/* What stands for matches in one row. */
typedef struct Standins {
  const PiiOp *op;
  unsigned char key[STANDIN_KEY];
} Standins;

static int write_standin(void *with, Buf *out, uint32_t type, Span match) {
  const Standins *s = with;
  const char *name = s->op->redacted[type];
  if (s->op->action[type] == SCAN_PSEUDONYM) return standin_write(out, s->key, span_str(name), match);
  return buf_char(out, '[') != 0 || buf_str(out, name) != 0 || buf_char(out, ']') != 0 ? -1 : 0;
}

/* Which places of a string's text are replaced, from w->match. */
static int make_places(const PiiOp *p, Worker *w, Span text) {
  size_t at = 0, points = 0;
  w->nplaces = 0;
  for (size_t k = 0; k < w->nmatches; k++) {
    const ScanMatch *m = &w->match[k];
    if (p->redacted[m->type] == NULL) continue;
    EditSpan *e = LIST_PUSH(w->place, w->nplaces, w->cap_places);
    if (e == NULL) return -1;
    e->start = points_to(text, m->start, &at, &points);
    e->end = points_to(text, m->end, &at, &points);
    e->type = p->redacted[m->type];
    e->action = p->action[m->type] == SCAN_PSEUDONYM ? "pseudonym" : "redact";
  }
  return 0;
}

/* Edits every string that holds a match to be redacted. The row's strings may move with each edit,
** so texts are replaced from a copy of what the operator knows of them. */
static int redact(const PiiOp *p, Worker *w, Row *row, Out *out) {
  Standins with = { .op = p };
  if (p->pseudonyms)
    standin_key(with.key, span_of(p->key, p->key_len), p->across_rows ? span_str("corpus") : row_bytes(row));
  for (size_t k = 0; k < w->n;) {
    size_t index = w->found[k].string;
    w->nmatches = 0;
    int any = 0;
    for (; k < w->n && w->found[k].string == index; k++) {
      ScanMatch *m = LIST_PUSH(w->match, w->nmatches, w->cap_matches);
      if (m == NULL) return -1;
      *m = w->found[k].match;
      any |= p->redacted[m->type] != NULL;
    }
    if (!any) continue;
    const RowString *string;
    if (row_strings(row, &string) <= index) return -1;
    RowString rs = string[index];
    if (scan_replace(&w->text, rs.text, w->match, w->nmatches, p->redacted, write_standin, &with) != 0 ||
        make_places(p, w, rs.text) != 0 || out_edit_spans(out, &rs, buf_span(&w->text), w->place, w->nplaces) != 0)
      return -1;
  }
  return 0;
}

static int pii_run(const RowOp *op, Row *row, Out *out) {
  PiiOp *p = (PiiOp *)op;
  Worker *w = worker_of(p, scratch_worker(row->scratch));
  const RowString *string;
  size_t n = row_strings(row, &string);
  int64_t limited;
  if (w == NULL || find_all(p, w, row->scratch, string, n, &limited) != 0) return -1;
  if (limited >= 0 && (p->rejects || p->redacts) && reject_limit(p, limited, out) != 0) return -1;
  if (w->n == 0) return 0;
  if (p->rejects && reject(p, w, string, out) != 0) return -1;
  if (p->tags && tag(p, w, out) != 0) return -1;
  return p->redacts ? redact(p, w, row, out) : 0;
}

static void pii_destroy(RowOp *op) {
  PiiOp *p = (PiiOp *)op;
  for (size_t i = 0; i < MAX_WORKERS; i++) worker_free(p->worker[i]);
  for (size_t t = 0; p->reason != NULL && t < p->ntypes; t++) free(p->reason[t]);
  free(p->reason);
  free(p->action);
  free(p->redacted);
  free(p->limit_reason);
  free(p->annotation);
  free(p->key);
  scanner_free(p->scanner);
  free(p);
}

static int copy_plan(PiiOp *p, const ScanPlan *plan) {
  p->action = calloc(p->ntypes + 1, sizeof *p->action);
  p->reason = calloc(p->ntypes + 1, sizeof *p->reason);
  p->redacted = calloc(p->ntypes + 1, sizeof *p->redacted);
  p->limit_reason = strdup(plan->limit_reason);
  p->annotation = strdup(plan->annotation);
  p->key = malloc(plan->key.len + 1);
  if (!p->action || !p->reason || !p->redacted || !p->limit_reason || !p->annotation || !p->key) return -1;
  if (plan->key.len > 0) memcpy(p->key, plan->key.ptr, plan->key.len);
  p->key_len = plan->key.len;
  p->across_rows = plan->across_rows;
  for (size_t t = 0; t < p->ntypes; t++) {
    ScanAction a = p->action[t] = plan->action[t];
    if ((p->reason[t] = strdup(plan->reason[t])) == NULL) return -1;
    p->redacted[t] = a == SCAN_REDACT || a == SCAN_PSEUDONYM ? scanner_type(p->scanner, t) : NULL;
    p->pseudonyms |= a == SCAN_PSEUDONYM;
    p->rejects |= a == SCAN_REJECT;
    p->redacts |= p->redacted[t] != NULL;
    p->tags |= a == SCAN_TAG;
  }
  return 0;
}

RowOp *pii_op(Scanner *scanner, const ScanPlan *plan, Error *err) {
  PiiOp *p = calloc(1, sizeof *p);
  if (p == NULL) {
    scanner_free(scanner);
    error_memory(err);
    return NULL;
  }
  rowop_init(&p->op, pii_run, pii_destroy);
  p->scanner = scanner;
  p->ntypes = scanner_types(scanner);
  if (copy_plan(p, plan) == 0) return &p->op;
  error_memory(err);
  rowop_unref(&p->op);
  return NULL;
}
