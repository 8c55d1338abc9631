/* modules/scan/gate.c - see gate.h */
#include "scan/gate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/list.h"

#if defined(HAVE_PCRE2) && defined(HAVE_HS)
#define GATE 1
#include <hs.h>
#endif

typedef struct GatePattern {
  char *text;                /* owned */
  unsigned flags, id;
  unsigned char unicode;     /* as it was asked for */
} GatePattern;

struct ScanGate {
  atomic_int refs;
  int compiled, scanners;
  size_t n, cap;
  GatePattern *pattern;      /* [n] */
#ifdef GATE
  hs_database_t *database;   /* NULL: open */
  hs_scratch_t *scratch;     /* the one that threads clone */
#endif
};

struct GateState {
  uint8_t *hit;              /* [patterns] in `seen` */
  uint32_t *seen;            /* [patterns] */
  size_t n;
#ifdef GATE
  hs_scratch_t *scratch;
#endif
};

ScanGate *gate_new(void) {
  ScanGate *g = calloc(1, sizeof *g);
  if (g != NULL) atomic_init(&g->refs, 1);
  return g;
}

ScanGate *gate_enter(ScanGate *g) {
  atomic_fetch_add(&g->refs, 1);
  g->scanners++;
  return g;
}

int gate_scanners(const ScanGate *g) { return g->scanners; }

void gate_unref(ScanGate *g) {
  if (g == NULL || atomic_fetch_sub(&g->refs, 1) != 1) return;
#ifdef GATE
  hs_free_scratch(g->scratch);
  hs_free_database(g->database);
#endif
  for (size_t i = 0; i < g->n; i++) free(g->pattern[i].text);
  free(g->pattern);
  free(g);
}

size_t gate_patterns(const ScanGate *g) { return g->n; }

void gate_state_free(GateState *st) {
  if (st == NULL) return;
#ifdef GATE
  hs_free_scratch(st->scratch);
#endif
  free(st->hit);
  free(st->seen);
  free(st);
}

#ifndef GATE

int gate_add(ScanGate *g, Span pattern, int unicode) {
  (void)g, (void)pattern, (void)unicode;
  return -1;
}
int gate_compile(ScanGate *g) { g->compiled = 1; return 0; }
int gate_closed(const ScanGate *g) { (void)g; return 0; }
GateState *gate_state_new(const ScanGate *g) { (void)g; return calloc(1, sizeof(GateState)); }
int64_t gate_ask(const ScanGate *g, GateState *st, Span text, const uint32_t **seen) {
  (void)g, (void)st, (void)text;
  *seen = NULL;
  return -1;
}

#else

/* The flags with which Vectorscan takes a pattern, exactly or else as a sieve for it; 0 if with none. */
static int taken(const char *text, unsigned *flags) {
  for (int k = 0; k < 2; k++, *flags |= HS_FLAG_PREFILTER) {
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *fault = NULL;
    int good = hs_expression_info(text, *flags, &info, &fault) == HS_SUCCESS && info->min_width > 0;
    free(info);
    hs_free_compile_error(fault);
    if (good) return 1;
  }
  return 0;
}

/* No HS_FLAG_SINGLEMATCH, which asks for one event a pattern instead of one an end: with it,
** Vectorscan 5.4.9 misses a pattern now and then once another has been seen, and is no faster. */
int gate_add(ScanGate *g, Span pattern, int unicode) {
  if (g->compiled || memchr(pattern.ptr, '\0', pattern.len) != NULL) return -1;
  for (size_t i = 0; i < g->n; i++)
    if (g->pattern[i].unicode == (unicode != 0) && span_eq(span_str(g->pattern[i].text), pattern)) return (int)i;
  char *copy = strndup(pattern.ptr, pattern.len);
  if (copy == NULL) return -1;
  unsigned flags = unicode ? HS_FLAG_UTF8 : 0;
  GatePattern *p = taken(copy, &flags) ? LIST_PUSH(g->pattern, g->n, g->cap) : NULL;
  if (p != NULL) {
    *p = (GatePattern){ .text = copy, .flags = flags, .id = (unsigned)(g->n - 1), .unicode = unicode != 0 };
    return (int)p->id;
  }
  free(copy);
  return -1;
}

static void compile_list(ScanGate *g, const char **text, unsigned *flags, unsigned *id) {
  for (size_t i = 0; i < g->n; i++) {
    text[i] = g->pattern[i].text;
    flags[i] = g->pattern[i].flags;
    id[i] = g->pattern[i].id;
  }
  hs_compile_error_t *fault = NULL;
  if (hs_compile_multi(text, flags, id, (unsigned)g->n, HS_MODE_BLOCK, NULL, &g->database, &fault) == HS_SUCCESS &&
      hs_alloc_scratch(g->database, &g->scratch) == HS_SUCCESS)
    return;
  hs_free_compile_error(fault);
  hs_free_database(g->database);
  g->database = NULL;
}

int gate_compile(ScanGate *g) {
  if (g->compiled) return 0;
  g->compiled = 1;
  if (g->n == 0 || hs_valid_platform() != HS_SUCCESS) return 0;
  const char **text = malloc(g->n * sizeof *text);
  unsigned *flags = malloc(g->n * sizeof *flags), *id = malloc(g->n * sizeof *id);
  int good = text != NULL && flags != NULL && id != NULL;
  if (good) compile_list(g, text, flags, id);
  free(text);
  free(flags);
  free(id);
  return good ? 0 : -1;
}

int gate_closed(const ScanGate *g) { return g->database != NULL; }

GateState *gate_state_new(const ScanGate *g) {
  GateState *st = calloc(1, sizeof *st);
  if (st == NULL) return NULL;
  st->hit = calloc(g->n + 1, 1);
  st->seen = malloc((g->n + 1) * sizeof *st->seen);
  if (st->hit != NULL && st->seen != NULL && hs_clone_scratch(g->scratch, &st->scratch) == HS_SUCCESS) return st;
  gate_state_free(st);
  return NULL;
}

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *state) {
  (void)from, (void)to, (void)flags;
  GateState *st = state;
  if (!st->hit[id]) st->seen[st->n++] = id;
  st->hit[id] = 1;
  return 0;
}

int64_t gate_ask(const ScanGate *g, GateState *st, Span text, const uint32_t **seen) {
  *seen = st->seen;
  st->n = 0;
  if (text.len > UINT32_MAX) return -1;
  int status = hs_scan(g->database, text.ptr, (unsigned)text.len, 0, st->scratch, on_hit, st);
  for (size_t i = 0; i < st->n; i++) st->hit[st->seen[i]] = 0;
  return status == HS_SUCCESS ? (int64_t)st->n : -1;
}

#endif
