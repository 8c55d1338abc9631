/* modules/rules/leakage.c - how much of a text (the output) stands in another (the input)?
**
** Both become sequences of tokens: words in lower case without punctuation, single characters of
** scripts written without spaces; or, with `characters`, code points, white space one blank.
** Two figures, each over the tokens of the output:
**   lcs_ratio        the longest common subsequence, 64 tokens at a step. Crochemore, Iliopoulos,
**                    Pinzon, Reid, "A fast and practical bit-vector algorithm for the longest common
**                    subsequence problem", 2001; Hyyro, "Bit-parallel LCS-length computation
**                    revisited", 2004
**   substring_ratio  the longest common run, by the output's suffix automaton: Blumer et al.,
**                    "The smallest automaton recognizing the subwords of a text", 1985
** The subsequence costs input * output / 64 steps, the run is linear. Only the first `max_tokens`
** tokens of each count (at most MOST), so that a row's cost has an end. A token of the input that the
** output has not is one number for all, since it can match nothing. */
#include "rules/rules.h"
#include "text/chars.h"
#include "text/fold.h"

enum { LCS, SUBSTRING };
static const char *const MEASURES[] = { "lcs_ratio", "substring_ratio", NULL };
enum { MIN_TOKENS, MAX_TOKENS, CHARACTERS };
static const char *const NUMBERS[] = { "min_tokens", "max_tokens", "characters", NULL };

enum { MOST = 1 << 16, LONG_WORD = 256 };

typedef struct Token { uint64_t hash; uint32_t start, end; } Token;
typedef struct Tokens { Token *token; size_t n, cap; } Tokens;

/* ---- tokens ---- */

static size_t cap_of(const RuleSetup *s, Span text) {
  size_t most = s->number[MAX_TOKENS] > 0 && s->number[MAX_TOKENS] < MOST ? (size_t)s->number[MAX_TOKENS] : MOST;
  size_t could = s->number[CHARACTERS] != 0 ? text.len : text.len / 2 + 1;   /* a word has a blank behind it */
  return could + 1 < most ? could + 1 : most;
}

static void add_token(Tokens *t, size_t start, size_t end, uint64_t hash) {
  t->token[t->n++] = (Token){ hash, (uint32_t)start, (uint32_t)end };
}

static uint64_t hash_ascii(const char *p, size_t n) {
  uint64_t h = n, w;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    memcpy(&w, p + i, 8);
    uint64_t up = w | UINT64_C(0x2020202020202020);   /* letters, digits and _: no two fall together but by case */
    h = rules_mix(h, up);
  }
  for (w = 0; i < n; i++) w = w << 8 | ((unsigned char)p[i] | 0x20);
  return rules_mix(h, w + 0x8EBC6AF09C88C6E3u);
}

/* A word with bytes past ASCII is folded first; of a very long one the beginning and the length count. */
static uint64_t hash_word(const char *p, size_t n, int ascii) {
  if (ascii) return hash_ascii(p, n);
  char room[LONG_WORD + LONG_WORD / 2 + 64];
  size_t part = n < LONG_WORD ? n : LONG_WORD;
  while (part > 0 && part < n && rules_tail(p[part])) part--;
  size_t len = fold_text(room, span_of(p, part), 0, NULL);
  return rules_mix(rules_hash(span_of(room, len)), part < n ? rules_hash(span_of(p, n)) : 0);
}

static inline int in_ascii_word(unsigned char c) { return c == '_' || rules_letter((char)c) || rules_digit((char)c); }

/* The next word at i or behind; past its end. *start, *ascii are set; start = len where there is none. */
static size_t next_word(Span t, size_t i, size_t *start, int *ascii) {
  *ascii = 1;
  for (*start = t.len; i < t.len;) {
    unsigned char c = (unsigned char)t.ptr[i];
    size_t next = i + 1;
    int in = in_ascii_word(c);
    if (c >= 0x80) {
      uint32_t point = chars_decode(t.ptr, t.len, i, &next);
      in = chars_in_word(point);
      if (in && chars_kind(point) == CHAR_UNSPACED) {
        if (*start != t.len) return i;
        *start = i, *ascii = 0;
        return next;
      }
    }
    if (in && *start == t.len) *start = i;
    if (!in && *start != t.len) return i;
    if (in && c >= 0x80) *ascii = 0;
    i = next;
  }
  return t.len;
}

static void read_words(Tokens *t, Span text) {
  size_t start;
  int ascii;
  for (size_t i = 0; t->n < t->cap;) {
    i = next_word(text, i, &start, &ascii);
    if (start == text.len) break;
    add_token(t, start, i, hash_word(text.ptr + start, i - start, ascii));
  }
}

static void read_characters(Tokens *t, Span text) {
  int blank = 1;   /* none at the beginning */
  for (size_t i = 0, next; i < text.len && t->n < t->cap; i = next) {
    uint32_t c = chars_decode(text.ptr, text.len, i, &next);
    int space = chars_is_space(c);
    if (space && blank) continue;
    blank = space;
    add_token(t, i, next, space ? ' ' : c - 'A' < 26u ? c | 0x20 : c);
  }
}

static Tokens read_tokens(const RuleSetup *s, Span text, void *room) {
  Tokens t = { room, 0, cap_of(s, text) };
  if (s->number[CHARACTERS] != 0) read_characters(&t, text);
  else read_words(&t, text);
  return t;
}

/* ---- symbols: tokens of the output numbered by first appearance ---- */

typedef struct Slot { uint64_t hash; uint32_t symbol, used; } Slot;

static uint32_t number(Slot *slot, size_t mask, uint64_t hash, uint32_t fresh) {
  size_t i = rules_mix(hash, 1) & mask;
  while (slot[i].used && slot[i].hash != hash) i = (i + 1) & mask;
  if (slot[i].used) return slot[i].symbol;
  if (fresh != UINT32_MAX) slot[i] = (Slot){ hash, fresh, 1 };
  return fresh;
}

/* Symbols of the output into a, of the input into b, UINT32_MAX for what the output has not; how many. */
static uint32_t number_all(const Tokens *out, const Tokens *in, Slot *slot, uint32_t *a, uint32_t *b) {
  size_t slots = rules_slots(out->n);
  uint32_t fresh = 0;
  memset(slot, 0, slots * sizeof *slot);
  for (size_t i = 0; i < out->n; i++) {
    a[i] = number(slot, slots - 1, out->token[i].hash, fresh);
    fresh += a[i] == fresh;
  }
  for (size_t i = 0; i < in->n; i++) b[i] = number(slot, slots - 1, in->token[i].hash, UINT32_MAX);
  return fresh;
}

/* ---- the longest common subsequence ---- */

/* Where the symbols stand in the output. The frequent ones, fewer than 64, have a row of bits each; the places
** of another are a list of n / 64 at most, set in a row for one step and taken out after it. */
enum { ROWS = 64 };
typedef struct Places {
  uint32_t *first, *next;   /* [symbols], [n]; UINT32_MAX ends */
  uint32_t *row;            /* [symbols] which row; UINT32_MAX: none */
  uint64_t *rows;           /* [ROWS * words] */
  uint64_t *one;            /* [words] the row of a rare symbol, empty between steps */
  size_t words;
} Places;

static void set_bits(const Places *p, uint64_t *row, uint32_t symbol) {
  for (uint32_t j = p->first[symbol]; j != UINT32_MAX; j = p->next[j]) row[j / 64] |= UINT64_C(1) << j % 64;
}

static void list_places(const uint32_t *a, size_t n, uint32_t symbols, Places *p) {
  size_t rows = 0;
  p->words = (n + 63) / 64;
  memset(p->one, 0, p->words * sizeof *p->one);
  for (uint32_t k = 0; k < symbols; k++) p->first[k] = UINT32_MAX, p->row[k] = 0;
  for (size_t j = n; j-- > 0; p->row[a[j]]++, p->first[a[j]] = (uint32_t)j) p->next[j] = p->first[a[j]];
  for (uint32_t k = 0; k < symbols; k++) {
    int frequent = (size_t)p->row[k] * ROWS > n;
    p->row[k] = frequent ? (uint32_t)rows++ : UINT32_MAX;
    if (!frequent) continue;
    uint64_t *row = p->rows + p->row[k] * p->words;
    memset(row, 0, p->words * sizeof *row);
    set_bits(p, row, k);
  }
}

/* A bit of v is 0 where the length grows at that output token; a step with the places m of an input token is
** v = (v + (v & m)) | (v & ~m), over all words with the carry. */
static void lcs_step(uint64_t *v, const uint64_t *match, size_t words) {
  uint64_t carry = 0;
  for (size_t w = 0; w < words; w++) {
    uint64_t u = v[w] & match[w], sum = v[w] + u, total = sum + carry;
    carry = (uint64_t)(sum < u) | (uint64_t)(total < carry);
    v[w] = total | (v[w] & ~match[w]);
  }
}

static size_t lcs(size_t n, const uint32_t *b, size_t m, const Places *p, uint64_t *v) {
  size_t length = 0;
  memset(v, 0xFF, p->words * sizeof *v);
  for (size_t i = 0; i < m; i++) {
    if (b[i] == UINT32_MAX) continue;
    if (p->row[b[i]] != UINT32_MAX) {
      lcs_step(v, p->rows + p->row[b[i]] * p->words, p->words);
      continue;
    }
    set_bits(p, p->one, b[i]);
    lcs_step(v, p->one, p->words);
    for (uint32_t j = p->first[b[i]]; j != UINT32_MAX; j = p->next[j]) p->one[j / 64] = 0;
  }
  for (size_t j = 0; j < n; j++) length += !(v[j / 64] >> j % 64 & 1);
  return length;
}

/* ---- the longest common run: a suffix automaton with its edges in one hash table ---- */

typedef struct State { uint32_t length, link, edge, end; } State;          /* UINT32_MAX: no link, no edge; end: past
                                                                           ** its first place in the output */
typedef struct Edge { uint32_t from, symbol, to, next, chain; } Edge;       /* next of its state; chain of its slot */
typedef struct Automaton {
  State *state;      /* [2n] */
  Edge *edge;        /* [3n] */
  uint32_t *slot;    /* [mask + 1] first edge of a slot */
  size_t states, edges, mask;
} Automaton;

static size_t edge_slot(const Automaton *m, uint32_t from, uint32_t symbol) {
  return (size_t)rules_mix((uint64_t)from << 32 | symbol, 7) & m->mask;
}

static Edge *edge_at(const Automaton *m, uint32_t from, uint32_t symbol) {
  for (uint32_t e = m->slot[edge_slot(m, from, symbol)]; e != UINT32_MAX; e = m->edge[e].chain)
    if (m->edge[e].from == from && m->edge[e].symbol == symbol) return &m->edge[e];
  return NULL;
}

static void add_edge(Automaton *m, uint32_t from, uint32_t symbol, uint32_t to) {
  uint32_t *slot = &m->slot[edge_slot(m, from, symbol)], e = (uint32_t)m->edges++;
  m->edge[e] = (Edge){ from, symbol, to, m->state[from].edge, *slot };
  m->state[from].edge = *slot = e;
}

static uint32_t add_state(Automaton *m, uint32_t length) {
  m->state[m->states] = (State){ length, UINT32_MAX, UINT32_MAX, length };
  return (uint32_t)m->states++;
}

static uint32_t clone_state(Automaton *m, uint32_t from, uint32_t length) {
  uint32_t c = add_state(m, length);
  m->state[c].link = m->state[from].link;
  m->state[c].end = m->state[from].end;
  for (uint32_t e = m->state[from].edge; e != UINT32_MAX; e = m->edge[e].next)
    add_edge(m, c, m->edge[e].symbol, m->edge[e].to);
  return c;
}

static uint32_t extend(Automaton *m, uint32_t last, uint32_t symbol) {
  uint32_t now = add_state(m, m->state[last].length + 1), p = last;
  Edge *e = NULL;
  for (; p != UINT32_MAX && (e = edge_at(m, p, symbol)) == NULL; p = m->state[p].link) add_edge(m, p, symbol, now);
  if (p == UINT32_MAX) {
    m->state[now].link = 0;
  } else if (m->state[e->to].length == m->state[p].length + 1) {
    m->state[now].link = e->to;
  } else {
    uint32_t q = e->to, c = clone_state(m, q, m->state[p].length + 1);
    for (; p != UINT32_MAX && (e = edge_at(m, p, symbol)) != NULL && e->to == q; p = m->state[p].link) e->to = c;
    m->state[q].link = m->state[now].link = c;
  }
  return now;
}

/* Length of the longest run that both have; *end is past its last token in the output. */
static size_t longest_run(Automaton *m, const uint32_t *a, size_t n, const uint32_t *b, size_t nb, size_t *end) {
  memset(m->slot, 0xFF, (m->mask + 1) * sizeof *m->slot);
  uint32_t last = add_state(m, 0), at = 0;
  for (size_t i = 0; i < n; i++) last = extend(m, last, a[i]);
  size_t length = 0, best = 0;
  for (size_t i = 0; i < nb; i++) {
    const Edge *e = NULL;
    while (b[i] != UINT32_MAX && (e = edge_at(m, at, b[i])) == NULL && at != 0) {
      at = m->state[at].link;
      length = m->state[at].length;
    }
    if (e != NULL) at = e->to, length++;
    else at = 0, length = 0;
    if (length > best) best = length, *end = m->state[at].end;
  }
  return best;
}

/* ---- both ---- */

/* Room is laid out in order; counting it and taking it are one walk, with base NULL or not. */
typedef struct Layout { char *base; size_t used; } Layout;

static void *take(Layout *l, size_t bytes) {
  void *p = l->base != NULL ? l->base + l->used : NULL;
  l->used += (bytes + 15) & ~(size_t)15;
  return p;
}

typedef struct Work {
  void *out, *in;
  Slot *slot;
  uint32_t *a, *b;
  uint64_t *v;
  Places p;
  Automaton m;
} Work;

static size_t lay_out(const RuleSetup *s, Span text, Span against, char *base, Work *w) {
  Layout l = { base, 0 };
  size_t n = cap_of(s, text), nb = cap_of(s, against), slots = rules_slots(3 * n);
  w->out = take(&l, n * sizeof(Token));
  w->in = take(&l, nb * sizeof(Token));
  w->slot = take(&l, rules_slots(n) * sizeof(Slot));
  w->a = take(&l, n * sizeof(uint32_t));
  w->b = take(&l, nb * sizeof(uint32_t));
  w->p.first = take(&l, n * sizeof(uint32_t));
  w->p.next = take(&l, n * sizeof(uint32_t));
  w->p.row = take(&l, n * sizeof(uint32_t));
  w->p.rows = take(&l, ROWS * ((n + 63) / 64) * sizeof(uint64_t));
  w->p.one = take(&l, (n + 63) / 64 * sizeof(uint64_t));
  w->v = take(&l, (n + 63) / 64 * sizeof(uint64_t));
  w->m.state = take(&l, 2 * (n + 1) * sizeof(State));
  w->m.edge = take(&l, 3 * (n + 1) * sizeof(Edge));
  w->m.slot = take(&l, slots * sizeof(uint32_t));
  w->m.mask = slots - 1;
  w->m.states = w->m.edges = 0;
  return l.used;
}

static size_t room(const RuleSetup *s, Span text, Span against) {
  Work w;
  return lay_out(s, text, against, NULL, &w);
}

static void run(const RuleSetup *s, Span text, Span against, void *room_, Finding *found) {
  Work w;
  if (against.ptr == NULL) return;
  lay_out(s, text, against, room_, &w);
  Tokens out = read_tokens(s, text, w.out);
  if (out.n == 0 || (double)out.n < s->number[MIN_TOKENS]) return;
  Tokens in = read_tokens(s, against, w.in);
  uint32_t symbols = number_all(&out, &in, w.slot, w.a, w.b);
  w.m.mask = rules_slots(3 * out.n) - 1;   /* as many as its edges need, of the room for the most */
  size_t end = 0, best = longest_run(&w.m, w.a, out.n, w.b, in.n, &end);
  Finding place = { 0, 0, 0 };
  if (best > 0) place = (Finding){ 0, out.token[end - best].start, out.token[end - 1].end };
  found[SUBSTRING] = (Finding){ (double)best / (double)out.n, place.start, place.end };
  if (!rules_wants(s, LCS)) return;
  list_places(w.a, out.n, symbols, &w.p);
  size_t common = lcs(out.n, w.b, in.n, &w.p, w.v);
  found[LCS] = (Finding){ (double)common / (double)out.n, place.start, place.end };
}

const RuleKernel rules_leakage = { "leakage", MEASURES, NUMBERS, room, run };
