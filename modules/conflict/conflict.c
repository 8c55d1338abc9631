/* modules/conflict/conflict.c - see conflict.h */
#include "conflict/conflict.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "neardup/exact.h"
#include "neardup/verify.h"
#include "text/fold.h"
#include "text/tokens.h"

/* One of the answers of a group: rows that give the same one (and, of near questions, ask the same). */
typedef struct Choice {
  uint64_t hi, lo;      /* XXH3-128 of it, folded */
  uint32_t first;       /* its best row, a place: the one that is shown */
  uint32_t rows;
  uint32_t id;          /* of the row in its group; then of the answer, in order of the hash */
  double rank;
  int trusted;
} Choice;

typedef struct Held {   /* an answer that others are compared with */
  Answer answer, question;
  Grams grams, asked;
  XXH128_hash_t system;
  GramTable table;
} Held;

typedef struct Worker {
  Scratch *scratch;
  Held *held;           /* [most_answers] */
  Held other;
  Choice *choice;       /* [cap] */
  uint32_t *of;         /* [cap] the answer's id, of each row of the group */
  uint32_t *order;      /* [cap] its place in `choice`, of each id */
  ConflictRow *result;  /* [cap] a choice */
  size_t cap;
  char *room;           /* a folded text */
  size_t room_len;
  size_t answered, contradicted;
} Worker;

typedef struct Search {
  const View *view;
  const ConflictParams *p;
  Conflicts *out;
  uint32_t *place;      /* [n] places, a group's side by side */
  uint32_t *start;      /* [groups + 1] */
  size_t groups;
  int loose;            /* rows of a group may ask different things */
  Worker *worker;
} Search;

/* ---- questions ---- */

static int find_leaders(const View *v, const ConflictParams *p, const Conflicts *out, Pool *pool, uint32_t *twin,
                        Error *err) {
  ViewTexts texts;
  size_t rejected;
  int r = 0, flags = p->near != NULL ? 0 : p->fold_flags;
  unsigned fields = 1u << FIELD_INPUT;
  if (p->near == NULL && p->system) fields |= 1u << FIELD_SYSTEM;   /* near ones compare it later: not near, the same */
  if (view_texts_init(&texts, v, out->row, out->n, fields, flags, pool) != 0) return error_memory(err);
  if (p->near == NULL) {
    r = exact_find(&texts.source, &(ExactParams){ 0 }, pool, twin, &rejected, err);
  } else {
    Leaders l;
    r = leaders_find(&texts.source, p->near, pool, &l, err);
    if (r == 0) {
      memcpy(twin, l.twin, out->n * sizeof *twin);
      leaders_free(&l);
    }
  }
  view_texts_free(&texts);
  return r;
}

/* Groups of two rows or more: by leader, rows in order. */
static int make_groups(Search *s, const uint32_t *twin) {
  size_t n = s->out->n, at = 0;
  uint32_t *count = calloc(n + 1, sizeof *count);
  s->place = malloc((n + 1) * sizeof *s->place);
  s->start = malloc((n / 2 + 2) * sizeof *s->start);
  if (count == NULL || s->place == NULL || s->start == NULL) {
    free(count);
    return -1;
  }
  for (size_t i = 0; i < n; i++) count[twin[i] != TEXT_NONE ? twin[i] : i]++;
  for (size_t i = 0; i < n; i++) {   /* count becomes where the group's next row goes */
    uint32_t rows = count[i];
    if (rows >= 2) s->start[s->groups++] = (uint32_t)at;
    count[i] = rows >= 2 ? (uint32_t)at : TEXT_NONE;
    at += rows >= 2 ? rows : 0;
  }
  s->start[s->groups] = (uint32_t)at;
  for (size_t i = 0; i < n; i++) {
    uint32_t leader = twin[i] != TEXT_NONE ? twin[i] : (uint32_t)i;
    if (count[leader] != TEXT_NONE) s->place[count[leader]++] = (uint32_t)i;
  }
  free(count);
  return 0;
}

/* ---- the answers of a group ---- */

static Span field_of(const Search *s, Worker *w, uint32_t place, Field f) {
  Row row = scratch_begin(w->scratch, s->view, s->out->row[place]);
  return row_field(&row, f);
}

static int fold_into(Worker *w, Span text, int flags, size_t *len) {
  size_t need = fold_room(text.len);
  if (need > w->room_len) {
    char *room = realloc(w->room, 2 * need);
    if (room == NULL) return -1;
    w->room = room;
    w->room_len = 2 * need;
  }
  *len = fold_text(w->room, text, flags, NULL);
  return 0;
}

/* ptr NULL: the row has no such field. */
static int hash_field(const Search *s, Worker *w, uint32_t place, Field f, int flags, XXH128_hash_t *h) {
  Span text = field_of(s, w, place, f);
  size_t len = 0;
  if (text.ptr == NULL) {
    *h = (XXH128_hash_t){ 0, 0 };
    return 0;
  }
  if (fold_into(w, text, flags, &len) != 0) return -1;
  *h = XXH3_128bits(w->room, len);
  return 0;
}

static int grow(Worker *w, size_t n) {
  if (n <= w->cap) return 0;
  Choice *choice = realloc(w->choice, 2 * n * sizeof *choice);
  if (choice != NULL) w->choice = choice;
  uint32_t *of = realloc(w->of, 2 * n * sizeof *of);
  if (of != NULL) w->of = of;
  uint32_t *order = realloc(w->order, 2 * n * sizeof *order);
  if (order != NULL) w->order = order;
  ConflictRow *result = realloc(w->result, 2 * n * sizeof *result);
  if (result != NULL) w->result = result;
  if (choice == NULL || of == NULL || order == NULL || result == NULL) return -1;
  w->cap = 2 * n;
  return 0;
}

static int by_hash(const void *a, const void *b) {
  const Choice *x = a, *y = b;
  if (x->hi != y->hi) return x->hi < y->hi ? -1 : 1;
  if (x->lo != y->lo) return x->lo < y->lo ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first);
}

static int better(const Choice *x, const Choice *y) {
  if (x->trusted != y->trusted) return x->trusted - y->trusted;
  if (x->rank != y->rank) return x->rank > y->rank ? 1 : -1;
  return 0;
}

static int by_worth(const void *a, const void *b) {
  const Choice *x = a, *y = b;
  int r = better(y, x);
  if (r != 0) return r;
  if (x->rows != y->rows) return x->rows < y->rows ? 1 : -1;
  return (x->first > y->first) - (x->first < y->first);
}

/* Same order, but the number of rows does not count. */
static int by_rank(const void *a, const void *b) {
  const Choice *x = a, *y = b;
  int r = better(y, x);
  return r != 0 ? r : (x->first > y->first) - (x->first < y->first);
}

static Choice choice_of(const Search *s, uint32_t place, XXH128_hash_t h) {
  const Corpus *c = s->view->corpus;
  uint32_t row = s->out->row[place];
  double rank = s->p->rank != NULL ? s->p->rank[row] : 0;
  return (Choice){ h.high64, h.low64, place, 1, 0, isnan(rank) ? -INFINITY : rank,
                   c->sources[c->rows[row].source].trusted != 0 };
}

/* Rows of the same answer become one choice; how many there are. */
static size_t merge_choices(Worker *w, size_t rows) {
  size_t k = 0;
  qsort(w->choice, rows, sizeof *w->choice, by_hash);
  for (size_t i = 0; i < rows; i++) {
    Choice c = w->choice[i], *last = k > 0 ? &w->choice[k - 1] : NULL;
    if (last == NULL || last->hi != c.hi || last->lo != c.lo) {
      w->of[c.id] = (uint32_t)k;
      w->choice[k] = c;
      w->choice[k].id = (uint32_t)k;
      k++;
      continue;
    }
    w->of[c.id] = last->id;
    c.rows += last->rows;
    c.id = last->id;
    last->rows = c.rows;
    if (better(&c, last) > 0) *last = c;
  }
  return k;
}

/* Fills w->choice, best first; *n of them. */
static int gather(const Search *s, Worker *w, const uint32_t *place, size_t rows, size_t *n) {
  if (grow(w, rows) != 0) return -1;
  for (size_t i = 0; i < rows; i++) {
    XXH128_hash_t h[3] = { { 0, 0 } };
    if (hash_field(s, w, place[i], s->p->output, FOLD_DROP_PUNCTUATION, &h[0]) != 0) return -1;
    if (s->loose && hash_field(s, w, place[i], FIELD_INPUT, 0, &h[1]) != 0) return -1;
    if (s->loose && s->p->system && hash_field(s, w, place[i], FIELD_SYSTEM, 0, &h[2]) != 0) return -1;
    w->choice[i] = choice_of(s, place[i], s->loose ? XXH3_128bits(h, sizeof h) : h[0]);
    w->choice[i].id = (uint32_t)i;
  }
  *n = merge_choices(w, rows);
  qsort(w->choice, *n, sizeof *w->choice, s->p->majority ? by_worth : by_rank);
  for (size_t i = 0; i < *n; i++) w->order[w->choice[i].id] = (uint32_t)i;
  return 0;
}

/* ---- comparing ---- */

static int read_held(const Search *s, Worker *w, uint32_t place, Held *h) {
  const ConflictRules *r = &s->p->rules;
  Span text = field_of(s, w, place, s->p->output);
  if (text.ptr == NULL) text = span_of("", 0);
  if (answer_read(&h->answer, r, text) != 0 || grams_of(&h->grams, text, r->shingle, 0) != 0) return -1;
  if (!s->loose) return 0;
  text = field_of(s, w, place, FIELD_INPUT);
  if (answer_read(&h->question, r, text) != 0 || grams_of(&h->asked, text, r->shingle, 0) != 0) return -1;
  return hash_field(s, w, place, FIELD_SYSTEM, 0, &h->system);
}

static void held_free(Held *h) {
  answer_free(&h->answer);
  answer_free(&h->question);
  grams_free(&h->grams);
  grams_free(&h->asked);
  gram_table_free(&h->table);
}

/* Do the two ask the same? 1, with *similarity; 0; -1 if out of memory. */
static int ask_the_same(const Search *s, const Held *a, const Held *b, double *similarity) {
  size_t both = 1, all = 1;
  *similarity = 1;
  if (!s->loose) return 1;
  if (!answers_ask_the_same(&a->question, &b->question)) return 0;
  if (s->p->system && (a->system.high64 != b->system.high64 || a->system.low64 != b->system.low64)) return 0;
  if (s->p->near == NULL) return 1;
  int r = grams_compare(&a->asked, &b->asked, s->p->near->threshold, &both, &all);
  if (r == 1) *similarity = (double)both / (double)all;
  return r;
}

/* Notes what the answers a and b, the better one, are to each other. */
static int compare(const Search *s, Worker *w, size_t ia, Held *a, size_t ib, Held *b) {
  ConflictRow *x = &w->result[ia], *y = &w->result[ib];
  size_t both, all;
  double asked;
  int r = ask_the_same(s, a, b, &asked);
  if (r <= 0) return r;
  if (gram_table_compare(&b->table, &a->grams, 0, &both, &all) < 0) return -1;
  double similarity = (double)both / (double)all;
  if (!(x->lowest <= similarity)) x->lowest = similarity;
  if (!(y->lowest <= similarity)) y->lowest = similarity;
  int signal = answers_conflict(&s->p->rules, &a->answer, &b->answer, similarity);
  if (signal <= 0) return signal;
  int decides = s->p->action == CONFLICT_KEEP_BEST && !y->rejected;
  if (x->twin == TEXT_NONE || (decides && !x->rejected)) {
    uint32_t rows = x->rows;
    double lowest = x->lowest;
    *x = (ConflictRow){ w->choice[ib].first, rows, (uint8_t)signal, 0, asked, similarity, lowest };
  }
  if (decides || s->p->action == CONFLICT_REJECT) x->rejected = 1;
  x->rows += w->choice[ib].rows;
  y->rows += w->choice[ia].rows;
  if (y->twin == TEXT_NONE) {
    y->twin = w->choice[ia].first, y->signal = (uint8_t)signal, y->input = asked, y->output = similarity;
    if (s->p->action == CONFLICT_REJECT) y->rejected = 1;
  }
  return 0;
}

static int compare_all(const Search *s, Worker *w, size_t n) {
  size_t most = s->p->most_answers;
  for (size_t a = 0; a < n; a++) w->result[a] = (ConflictRow){ .twin = TEXT_NONE, .lowest = NAN };
  for (size_t a = 0; a < n; a++) {
    Held *mine = a < most ? &w->held[a] : &w->other;
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (read_held(s, w, w->choice[a].first, mine) != 0) return -1;
    for (size_t b = 0; b < a && b < most; b++)
      if (compare(s, w, a, mine, b, &w->held[b]) < 0) return -1;
    if (a < most && gram_table_fill(&mine->table, &mine->grams) != 0) return -1;
  }
  return 0;
}

/* Questions of few words are left alone: an answer to "Yes." depends on what was said before. */
static int is_short(const Search *s, Worker *w, uint32_t place) {
  Span text = field_of(s, w, place, FIELD_INPUT);
  return text.ptr == NULL || tokens_count(text) < s->p->min_words;
}

static int judge_group(const Search *s, Worker *w, const uint32_t *place, size_t rows) {
  size_t n = 0;
  int contradicted = 0;
  if (is_short(s, w, place[0])) return 0;
  if (gather(s, w, place, rows, &n) != 0) return -1;
  if (n < 2) return 0;
  int r = compare_all(s, w, n);
  if (r != 0) return r;
  for (size_t i = 0; i < rows; i++) {
    s->out->found[place[i]] = w->result[w->order[w->of[i]]];
    contradicted |= s->out->found[place[i]].twin != TEXT_NONE;
  }
  w->answered++;
  w->contradicted += (size_t)contradicted;
  return 0;
}

static int judge_groups(void *ctx, size_t begin, size_t end, int worker) {
  Search *s = ctx;
  for (size_t g = begin; g < end; g++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    const uint32_t *place = s->place + s->start[g];
    int r = judge_group(s, &s->worker[worker], place, s->start[g + 1] - s->start[g]);
    if (r != 0) return r;
  }
  return 0;
}

/* ---- all ---- */

static void worker_free(Worker *w, size_t most) {
  for (size_t i = 0; w->held != NULL && i < most; i++) held_free(&w->held[i]);
  held_free(&w->other);
  scratch_free(w->scratch);
  free(w->held);
  free(w->choice);
  free(w->of);
  free(w->order);
  free(w->result);
  free(w->room);
}

static int judge_all(Search *s, Pool *pool) {
  int threads = pool != NULL ? pool_threads(pool) : 1, r = 0;
  size_t most = s->p->most_answers;
  s->worker = calloc((size_t)threads, sizeof *s->worker);
  if (s->worker == NULL) return -1;
  for (int t = 0; t < threads; t++) {
    s->worker[t].scratch = scratch_new(t);
    s->worker[t].held = calloc(most + 1, sizeof *s->worker[t].held);
    if (s->worker[t].scratch == NULL || s->worker[t].held == NULL) r = -1;
  }
  if (r == 0) r = pool_for(pool, s->groups, 16, judge_groups, s);
  for (int t = 0; t < threads; t++) {
    s->out->answered += s->worker[t].answered;
    s->out->contradicted += s->worker[t].contradicted;
    worker_free(&s->worker[t], most);
  }
  free(s->worker);
  return r;
}

int conflict_find(const View *v, const ConflictParams *p, Pool *pool, Conflicts *out, Error *err) {
  size_t n = v->standing;
  *out = (Conflicts){ n, malloc((n + 1) * sizeof *out->row), malloc((n + 1) * sizeof *out->found), 0, 0, 0 };
  uint32_t *twin = malloc((n + 1) * sizeof *twin);
  Search s = { .view = v, .p = p, .out = out, .loose = p->near != NULL || p->fold_flags != 0 };
  int r = -1;
  err->text[0] = '\0';
  if (out->row != NULL && out->found != NULL && twin != NULL) {
    view_standing(v, out->row);
    for (size_t i = 0; i < n; i++) out->found[i] = (ConflictRow){ .twin = TEXT_NONE, .lowest = NAN };
    r = find_leaders(v, p, out, pool, twin, err);
    if (r == 0) r = make_groups(&s, twin);
    if (r == 0) r = judge_all(&s, pool);
  }
  out->questions = s.groups;
  free(twin);
  free(s.place);
  free(s.start);
  if (r == 0) return 0;
  conflicts_free(out);
  if (r == POOL_INTERRUPTED || err->text[0] != '\0') return r;
  return error_memory(err);
}

void conflicts_free(Conflicts *c) {
  free(c->row);
  free(c->found);
  *c = (Conflicts){ 0 };
}
