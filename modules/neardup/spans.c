/* modules/neardup/spans.c - see spans.h */
#include "neardup/spans.h"

#include <stdlib.h>

#include "core/spill.h"
#include "neardup/lsh.h"

enum { GRAIN = 64, NONE = TEXT_NONE };

/* An array that grows, made by spill.h. */
typedef struct Grow { void *p; size_t n, cap; } Grow;

static void *grow(Grow *g, size_t extra, size_t size) {
  if (g->p == NULL || g->n + extra > g->cap) {
    size_t cap = (g->n + extra) * 2 + 1024;
    void *p = spill_resize(g->p, cap * size);
    if (p == NULL) return NULL;
    g->p = p;
    g->cap = cap;
  }
  return (char *)g->p + g->n * size;
}

typedef struct Window { uint64_t hash; uint32_t text, pos; } Window;

/* A worker's room: two texts, and hashes of one string. */
typedef struct Worker {
  Words mine, theirs;
  uint32_t held;            /* the text in theirs; NONE */
  uint64_t *gram, *least, *window;   /* [cap] */
  size_t cap;
  Grow anchors;             /* uint64_t: key, text */
} Worker;

typedef struct Run {
  const TextSource *src;
  const SpanParams *p;
  unsigned n, k;            /* tokens of a window, of an anchor */
  uint64_t power_n, power_k, mask;
  const uint32_t *order;    /* [texts] visited first to last */
  uint32_t *tokens;         /* [texts] by text */
  uint8_t *marked;          /* [texts] has an anchor that recurs */
  uint64_t *filter;         /* bits of the anchors that recur */
  unsigned filter_bits;
  Worker *worker;
  Grow *chunk;              /* [chunks] Window, in visiting order */
  /* all windows, in visiting order */
  size_t nwindows;
  uint64_t *hash;
  uint32_t *text, *pos;
  uint32_t *leader;         /* the first window with the same tokens */
  uint32_t *texts;          /* of a leader: in how many texts it stands */
  uint32_t *owner;          /* of a leader: the first window of it in a kept text */
  uint8_t *differs;         /* hash alike, tokens not */
} Run;

/* ---- the windows of a string ---- */

static int room_for(Worker *w, size_t n) {
  if (n <= w->cap) return 0;
  size_t cap = n + n / 2 + 64;
  uint64_t *gram = realloc(w->gram, cap * sizeof *gram);
  if (gram != NULL) w->gram = gram;
  uint64_t *least = realloc(w->least, cap * sizeof *least);
  if (least != NULL) w->least = least;
  uint64_t *window = realloc(w->window, cap * sizeof *window);
  if (window != NULL) w->window = window;
  if (gram == NULL || least == NULL || window == NULL) return -1;
  w->cap = cap;
  return 0;
}

/* Hashes of all runs of n tokens. */
static void roll(const uint64_t *token, size_t tokens, unsigned n, uint64_t power, uint64_t mask, uint64_t *out) {
  uint64_t h = 0;
  for (size_t i = 0; i < tokens; i++) {
    if (i >= n) h -= token[i - n] * power;
    h = h * WORDS_BASE + token[i];
    if (i + 1 >= n) out[i + 1 - n] = words_mix(h) & mask;
  }
}

/* Each window's anchor: the least of its grams, the last of equals. Returns the windows. */
static size_t find_anchors(const Run *r, Worker *w, const uint64_t *token, size_t tokens) {
  if (tokens < r->n) return 0;
  size_t windows = tokens - r->n + 1, span = r->n - r->k, at = 0;
  roll(token, tokens, r->k, r->power_k, r->mask, w->gram);
  for (size_t i = 0; i < windows; i++) {
    size_t last = i + span;
    if (i == 0 || at < i) {
      at = i;
      for (size_t j = i + 1; j <= last; j++)
        if (w->gram[j] <= w->gram[at]) at = j;
    } else if (w->gram[last] <= w->gram[at]) {
      at = last;
    }
    w->least[i] = w->gram[at];
  }
  return windows;
}

static uint32_t anchor_bit(const Run *r, uint64_t anchor) { return (uint32_t)(anchor >> 32) >> (32 - r->filter_bits); }

/* ---- anchors ---- */

static int take_anchors(void *ctx, size_t begin, size_t end, int worker) {
  Run *r = ctx;
  Worker *w = &r->worker[worker];
  for (size_t i = begin; i < end; i++) {
    if (words_read(r->src, i, worker, 0, &w->mine) != 0 || room_for(w, w->mine.n) != 0) return -1;
    r->tokens[i] = (uint32_t)w->mine.n;
    for (size_t s = 0; s < w->mine.npieces; s++) {
      uint32_t from = w->mine.piece[s];
      if (w->mine.piece[s + 1] == from) continue;
      size_t n = find_anchors(r, w, w->mine.hash + from, w->mine.piece[s + 1] - from);
      uint64_t *out = grow(&w->anchors, n, sizeof *out);
      if (out == NULL) return -1;
      for (size_t k = 0; k < n; k++)
        if (k == 0 || w->least[k] != w->least[k - 1]) {
          *out++ = (w->least[k] & ~UINT64_C(0xFFFFFFFF)) | i;
          w->anchors.n++;
        }
    }
  }
  return 0;
}

/* All workers' anchors side by side; the workers keep none. */
static uint64_t *gather(Run *r, int threads, size_t *n) {
  *n = 0;
  for (int t = 0; t < threads; t++) *n += r->worker[t].anchors.n;
  uint64_t *all = spill_alloc((*n + 1) * sizeof *all), *at = all;
  for (int t = 0; t < threads; t++) {
    Grow *g = &r->worker[t].anchors;
    if (all != NULL && g->n > 0) memcpy(at, g->p, g->n * sizeof *at);
    if (all != NULL) at += g->n;
    spill_free(g->p);
    *g = (Grow){ 0 };
  }
  return all;
}

/* Sets the filter's bits of anchors that two texts have, and marks those texts. */
static int mark_recurring(Run *r, int threads, size_t *anchors) {
  size_t n, recur = 0;
  uint64_t *raw = gather(r, threads, &n), *word = spill_alloc((n + 1) * sizeof *word);
  int bad = raw == NULL || word == NULL;
  if (!bad) lsh_sort(raw, word, n);
  spill_free(raw);
  for (size_t i = 1; !bad && i < n; i++) recur += word[i] >> 32 == word[i - 1] >> 32;
  for (r->filter_bits = 10; r->filter_bits < 31 && (size_t)1 << r->filter_bits < 16 * recur;) r->filter_bits++;
  if (!bad) r->filter = calloc((size_t)1 << (r->filter_bits - 6), sizeof *r->filter);
  bad = bad || r->filter == NULL;
  for (size_t i = 0, k; !bad && i < n; i = k) {
    int shared = 0;
    for (k = i + 1; k < n && word[k] >> 32 == word[i] >> 32; k++) shared |= (uint32_t)word[k] != (uint32_t)word[i];
    if (!shared) continue;
    uint32_t bit = anchor_bit(r, word[i]);
    r->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
    for (size_t m = i; m < k; m++) r->marked[(uint32_t)word[m]] = 1;
  }
  spill_free(word);
  *anchors = n;
  return bad ? -1 : 0;
}

/* ---- windows ---- */

static int take_windows(void *ctx, size_t begin, size_t end, int worker) {
  Run *r = ctx;
  Worker *w = &r->worker[worker];
  Grow *chunk = &r->chunk[begin / GRAIN];
  for (size_t v = begin; v < end; v++) {
    uint32_t text = r->order[v];
    if (!r->marked[text]) continue;
    if (words_read(r->src, text, worker, 0, &w->mine) != 0 || room_for(w, w->mine.n) != 0) return -1;
    for (size_t s = 0; s < w->mine.npieces; s++) {
      uint32_t from = w->mine.piece[s], tokens = w->mine.piece[s + 1] - from;
      if (tokens == 0) continue;
      size_t n = find_anchors(r, w, w->mine.hash + from, tokens);
      if (n > 0) roll(w->mine.hash + from, tokens, r->n, r->power_n, r->mask, w->window);
      Window *out = grow(chunk, n, sizeof *out);
      if (out == NULL) return -1;
      for (size_t i = 0; i < n; i++) {
        uint32_t bit = anchor_bit(r, w->least[i]);
        if (!(r->filter[bit >> 6] >> (bit & 63) & 1)) continue;
        *out++ = (Window){ w->window[i], text, from + (uint32_t)i };
        chunk->n++;
      }
    }
  }
  return 0;
}

static int lay_windows(Run *r, size_t chunks, Error *err) {
  size_t n = 0, at = 0;
  for (size_t c = 0; c < chunks; c++) n += r->chunk[c].n;
  if (n >= NONE) return error_set(err, "more than 4,294,967,294 windows recur: cut the data in parts");
  r->nwindows = n;
  r->hash = spill_alloc((n + 1) * sizeof *r->hash);
  uint32_t **column[] = { &r->text, &r->pos, &r->leader, &r->texts, &r->owner };
  int bad = r->hash == NULL;
  for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
    *column[i] = spill_alloc((n + 1) * sizeof(uint32_t));
    bad |= *column[i] == NULL;
  }
  r->differs = calloc(n + 1, 1);
  if (bad || r->differs == NULL) return error_memory(err);
  for (size_t c = 0; c < chunks; c++) {
    const Window *w = r->chunk[c].p;
    for (size_t i = 0; i < r->chunk[c].n; i++, at++) {
      r->hash[at] = w[i].hash;
      r->text[at] = w[i].text;
      r->pos[at] = w[i].pos;
    }
    spill_free(r->chunk[c].p);
    r->chunk[c] = (Grow){ 0 };
  }
  return 0;
}

/* leader[k]: the first window with k's hash. Words are sorted by half of it; the other half
** mostly agrees, so the list of those seen in a stretch is short. */
static int find_leaders(Run *r) {
  size_t n = r->nwindows;
  uint64_t *raw = spill_alloc((n + 1) * sizeof *raw), *word = spill_alloc((n + 1) * sizeof *word);
  Grow seen = { 0 };
  int bad = raw == NULL || word == NULL;
  for (size_t i = 0; !bad && i < n; i++) raw[i] = (r->hash[i] & ~UINT64_C(0xFFFFFFFF)) | i;
  if (!bad) lsh_sort(raw, word, n);
  spill_free(raw);
  for (size_t i = 0, k; !bad && i < n; i = k) {
    seen.n = 0;
    for (k = i; !bad && k < n && word[k] >> 32 == word[i] >> 32; k++) {
      uint32_t at = (uint32_t)word[k], *list = seen.p;
      size_t s = 0;
      while (s < seen.n && r->hash[list[s]] != r->hash[at]) s++;
      if (s == seen.n) {
        uint32_t *more = grow(&seen, 1, sizeof *more);
        if (more != NULL) *more = at;
        bad = more == NULL;
        seen.n += !bad;
        list = seen.p;
      }
      if (!bad) r->leader[at] = list[s];
    }
  }
  spill_free(seen.p);
  spill_free(word);
  return bad ? -1 : 0;
}

/* ---- verification ---- */

static int hold(const Run *r, Worker *w, uint32_t text, int worker) {
  if (w->held == text) return 0;
  w->held = NONE;
  if (words_read(r->src, text, worker, 0, &w->theirs) != 0) return -1;
  w->held = text;
  return 0;
}

/* Windows [a, b) of one text. One that goes on where the window before it matched needs only its
** last token compared. */
static int verify_text(Run *r, Worker *w, size_t a, size_t b, int worker) {
  int read = 0, before = 0;
  for (size_t k = a; k < b; k++) {
    uint32_t lead = r->leader[k];
    int goes_on = before && r->pos[k] == r->pos[k - 1] + 1 && r->text[lead] == r->text[r->leader[k - 1]] &&
                  r->pos[lead] == r->pos[r->leader[k - 1]] + 1;
    before = 1;
    if (lead == k) continue;
    if (!read && words_read(r->src, r->text[k], worker, 0, &w->mine) != 0) return -1;
    read = 1;
    if (hold(r, w, r->text[lead], worker) != 0) return -1;
    unsigned skip = goes_on ? r->n - 1 : 0;
    before = words_equal(&w->mine, r->pos[k] + skip, &w->theirs, r->pos[lead] + skip, r->n - skip);
    r->differs[k] = !before;
  }
  return 0;
}

/* A chunk takes the texts whose first window lies in it. */
static int verify_windows(void *ctx, size_t begin, size_t end, int worker) {
  Run *r = ctx;
  for (size_t a = begin, b; a < end; a = b) {
    for (b = a + 1; b < r->nwindows && r->text[b] == r->text[a];) b++;
    if (a > 0 && r->text[a - 1] == r->text[a]) continue;
    if (verify_text(r, &r->worker[worker], a, b, worker) != 0) return -1;
  }
  return 0;
}

/* Windows whose hash lied get a leader among themselves. There are none outside of tests. */
static int settle(Run *r) {
  Worker *w = &r->worker[0];
  Grow bad = { 0 };
  int failed = 0;
  for (size_t k = 0; !failed && k < r->nwindows; k++) {
    if (!r->differs[k]) continue;
    uint32_t *list = bad.p;
    size_t s = 0;
    failed = words_read(r->src, r->text[k], 0, 0, &w->mine) != 0;
    for (; !failed && s < bad.n; s++) {
      failed = hold(r, w, r->text[list[s]], 0) != 0;
      if (!failed && words_equal(&w->mine, r->pos[k], &w->theirs, r->pos[list[s]], r->n)) break;
    }
    if (failed || s < bad.n) {
      if (!failed) r->leader[k] = list[s];
      continue;
    }
    uint32_t *more = grow(&bad, 1, sizeof *more);
    failed = more == NULL;
    if (failed) continue;
    *more = (uint32_t)k;
    bad.n++;
    r->leader[k] = (uint32_t)k;
  }
  spill_free(bad.p);
  return failed ? -1 : 0;
}

/* ---- the visit ---- */

static void count_texts(Run *r) {
  for (size_t k = 0; k < r->nwindows; k++) {
    r->texts[k] = 0;
    r->owner[k] = NONE;
  }
  for (size_t k = 0; k < r->nwindows; k++) {
    uint32_t lead = r->leader[k];
    if (r->owner[lead] == r->text[k]) continue;   /* here: the last text that had it */
    r->owner[lead] = r->text[k];
    r->texts[lead]++;
  }
  for (size_t k = 0; k < r->nwindows; k++) r->owner[k] = NONE;
}

static RepeatedSpan *push_span(Spans *s) {
  if (s->nspans == s->span_cap) {
    size_t cap = s->span_cap * 2 + 64;
    RepeatedSpan *more = spill_resize(s->span, cap * sizeof *more);
    if (more == NULL) return NULL;
    s->span = more;
    s->span_cap = cap;
  }
  return &s->span[s->nspans++];
}

static int visit_text(Run *r, Spans *s, size_t a, size_t b) {
  uint32_t text = r->text[a];
  size_t covered = 0;
  s->first[text] = (uint32_t)s->nspans;
  for (size_t k = a; k < b; k++) {
    uint32_t own = r->owner[r->leader[k]], end = r->pos[k] + r->n;
    if (own == NONE) continue;
    RepeatedSpan *last = s->count[text] > 0 ? &s->span[s->nspans - 1] : NULL;
    if (last != NULL && r->pos[k] < last->to) {
      covered += end - last->to;
      last->to = end;
      continue;
    }
    RepeatedSpan *fresh = s->nspans < NONE ? push_span(s) : NULL;
    if (fresh == NULL) return -1;
    *fresh = (RepeatedSpan){ r->pos[k], end, r->text[own], r->pos[own] };
    s->count[text]++;
    covered += r->n;
  }
  s->share[text] = (double)covered / r->tokens[text];
  s->rejected[text] = s->share[text] > r->p->max_share && !(r->p->first != NULL && r->p->first[text]);
  for (size_t k = a; !s->rejected[text] && k < b; k++)
    if (r->owner[r->leader[k]] == NONE) r->owner[r->leader[k]] = (uint32_t)k;
  return 0;
}

static int better_top(const TopSpan *a, const TopSpan *b) {
  return a->texts != b->texts ? a->texts > b->texts : a->to - a->from > b->to - b->from;
}

static void add_top(Spans *s, TopSpan t) {
  size_t at = s->ntop;
  while (at > 0 && better_top(&t, &s->top[at - 1])) at--;
  if (at == SPANS_TOP) return;
  if (s->ntop < SPANS_TOP) s->ntop++;
  memmove(s->top + at + 1, s->top + at, (s->ntop - at - 1) * sizeof *s->top);
  s->top[at] = t;
}

static void find_top(const Run *r, Spans *s) {
  TopSpan t = { NONE, 0, 0, 0 };
  for (size_t k = 0; k < r->nwindows; k++) {
    if (r->leader[k] != k || r->texts[k] < 2) continue;
    if (t.text == r->text[k] && t.texts == r->texts[k] && r->pos[k] + r->n == t.to + 1) {
      t.to++;
      continue;
    }
    if (t.text != NONE) add_top(s, t);
    t = (TopSpan){ r->text[k], r->pos[k], r->pos[k] + r->n, r->texts[k] };
  }
  if (t.text != NONE) add_top(s, t);
}

/* ---- the whole ---- */

static int by_steps(Run *r, Pool *pool, int threads, size_t chunks, Spans *out, Error *err) {
  size_t n = r->src->n;
  int i = pool_for(pool, n, GRAIN, take_anchors, r);
  if (i == 0) i = mark_recurring(r, threads, &out->anchors);
  if (i == 0) i = pool_for(pool, n, GRAIN, take_windows, r);
  if (i == 0 && lay_windows(r, chunks, err) != 0) return -2;
  if (i == 0) i = find_leaders(r);
  if (i == 0) i = pool_for(pool, r->nwindows, GRAIN * (size_t)GRAIN, verify_windows, r);
  if (i == 0) i = settle(r);
  if (i != 0) return i;
  out->windows = r->nwindows;
  count_texts(r);
  for (size_t a = 0, b; i == 0 && a < r->nwindows; a = b) {
    for (b = a + 1; b < r->nwindows && r->text[b] == r->text[a];) b++;
    i = visit_text(r, out, a, b);
  }
  if (i == 0) find_top(r, out);
  return i;
}

static void run_free(Run *r, int threads, size_t chunks) {
  for (int t = 0; r->worker != NULL && t < threads; t++) {
    Worker *w = &r->worker[t];
    words_free(&w->mine);
    words_free(&w->theirs);
    free(w->gram);
    free(w->least);
    free(w->window);
    spill_free(w->anchors.p);
  }
  for (size_t c = 0; r->chunk != NULL && c < chunks; c++) spill_free(r->chunk[c].p);
  void *spilled[] = { r->hash, r->text, r->pos, r->leader, r->texts, r->owner };
  for (size_t i = 0; i < sizeof spilled / sizeof *spilled; i++) spill_free(spilled[i]);
  free(r->worker);
  free(r->chunk);
  free(r->filter);
  free(r->marked);
  free(r->tokens);
  free(r->differs);
}

/* Texts that come first, then the others, each in their order. */
static uint32_t *visiting_order(const uint8_t *first, size_t n) {
  uint32_t *order = malloc((n + 1) * sizeof *order), at = 0;
  for (int turn = first != NULL ? 0 : 1; order != NULL && turn < 2; turn++)
    for (size_t i = 0; i < n; i++)
      if (first == NULL || (first[i] != 0) == (turn == 0)) order[at++] = (uint32_t)i;
  return order;
}

int spans_find(const TextSource *src, const SpanParams *p, Pool *pool, Spans *out, Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, i = -1;
  size_t n = src->n, chunks = n / GRAIN + 1;
  Run r = { .src = src, .p = p, .n = p->tokens, .k = p->tokens / 2 };
  r.power_n = words_power(r.n);
  r.power_k = words_power(r.k);
  r.mask = p->hash_mask != 0 ? p->hash_mask : UINT64_MAX;
  uint32_t *order = visiting_order(p->first, n);
  r.order = order;
  r.tokens = calloc(n + 1, sizeof *r.tokens);
  r.marked = calloc(n + 1, 1);
  r.chunk = calloc(chunks, sizeof *r.chunk);
  r.worker = calloc((size_t)threads, sizeof *r.worker);
  *out = (Spans){ .n = n, .share = calloc(n + 1, sizeof(double)), .rejected = calloc(n + 1, 1),
                  .first = calloc(n + 1, sizeof(uint32_t)), .count = calloc(n + 1, sizeof(uint32_t)) };
  for (int t = 0; r.worker != NULL && t < threads; t++) r.worker[t].held = NONE;
  if (order != NULL && r.tokens != NULL && r.marked != NULL && r.chunk != NULL && r.worker != NULL &&
      out->share != NULL && out->rejected != NULL && out->first != NULL && out->count != NULL)
    i = by_steps(&r, pool, threads, chunks, out, err);
  run_free(&r, threads, chunks);
  free(order);
  if (i == 0) return 0;
  spans_free(out);
  if (i == POOL_INTERRUPTED || i == -2) return i == -2 ? -1 : i;
  return error_memory(err);
}

void spans_free(Spans *s) {
  free(s->share);
  free(s->rejected);
  free(s->first);
  free(s->count);
  spill_free(s->span);
  *s = (Spans){ 0 };
}
