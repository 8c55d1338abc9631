/* modules/rules/repetition.c - what share of a text's characters repeats itself, by lines,
** paragraphs and n-grams of words: Rae et al., "Scaling Language Models: Methods, Analysis &
** Insights from Training Gopher", 2021, table A1; ways of counting as in datatrove
** (gopher_repetition_filter.py), but for one: an n-gram that stands once is no repetition, so that a
** text of few words has no top n-gram. Words are runs without white space, as they stand; their
** n-grams are told apart by 64 bits of hash. `ratio` is that of text/repetition.h. */
#include "rules/rules.h"
#include "text/fold.h"
#include "text/repetition.h"

enum { RATIO, LINES, PARAGRAPHS, LINE_CHARS, PARAGRAPH_CHARS, TOP_2, TOP_3, TOP_4, DUP_5, DUP_10 = DUP_5 + 5 };
enum { MIN_WORDS };
enum { LONGEST = 10 };

static const char *const MEASURES[] = {
  "ratio", "dup_line_fraction", "dup_paragraph_fraction", "dup_line_char_fraction", "dup_paragraph_char_fraction",
  "top_2gram_char_fraction", "top_3gram_char_fraction", "top_4gram_char_fraction", "dup_5gram_char_fraction",
  "dup_6gram_char_fraction", "dup_7gram_char_fraction", "dup_8gram_char_fraction", "dup_9gram_char_fraction",
  "dup_10gram_char_fraction", NULL };
static const char *const NUMBERS[] = { "min_words", NULL };   /* fewer words have no ratio */

/* A counted hash: how often, and which n-gram was its first. */
typedef struct Count { uint64_t key; uint32_t n, first; } Count;

typedef struct Words {
  size_t n;
  uint64_t *hash;         /* [n] of each word */
  uint64_t *gram;         /* [n] of the n-gram that begins at each, n growing */
  uint32_t *start, *end;  /* [n] bytes */
  uint32_t *points;       /* [n + 1] code points of all words before */
  void *table;
} Words;

static size_t words_most(Span text) { return text.len / 2 + 1; }

static size_t lines_most(Span text) {
  size_t n = 1;
  for (const char *p = text.ptr, *end = p + text.len; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) n++;
  return n;
}

/* Read words before there is room for all that the text could have: two passes. */
static size_t count_words(Span text) {
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) n += !rules_blank(text.ptr[i]) && (i == 0 || rules_blank(text.ptr[i - 1]));
  return n;
}

static size_t table_bytes(const RuleSetup *s, Span text, size_t words) {
  size_t lines = rules_slots(lines_most(text)) * sizeof(uint64_t);
  size_t grams = s->wanted >> TOP_2 ? rules_slots(words) * sizeof(Count) : 0;
  size_t ratio = rules_wants(s, RATIO) ? fold_room(text.len) + 8 + repetition_room(words_most(text) + 1) : 0;
  size_t most = lines > grams ? lines : grams;
  return most > ratio ? most : ratio;
}

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)against;
  size_t n = count_words(text);
  return (n + 1) * (2 * sizeof(uint64_t) + 3 * sizeof(uint32_t)) + 16 + table_bytes(s, text, n);
}

static Words read_words(Span text, void *room_) {
  Words w = { .n = count_words(text) };
  w.hash = room_;
  w.gram = w.hash + w.n;
  w.start = (uint32_t *)(w.gram + w.n);
  w.end = w.start + w.n;
  w.points = w.end + w.n;
  char *table = (char *)(w.points + w.n + 1);
  w.table = table + (-(uintptr_t)table & 15);
  size_t at = 0, i = 0;
  w.points[0] = 0;
  for (Span word; (word = rules_word(text, &at)).ptr != NULL; i++) {
    w.hash[i] = w.gram[i] = rules_hash(word);
    w.start[i] = (uint32_t)(word.ptr - text.ptr);
    w.end[i] = w.start[i] + (uint32_t)word.len;
    w.points[i + 1] = w.points[i] + (uint32_t)rules_points(word);
  }
  return w;
}

static void keep_first(Finding *f, size_t start, size_t end) {
  if (f->end == 0) *f = (Finding){ f->value, start, end };
}

/* ---- lines and paragraphs ---- */

typedef struct Pieces { size_t all, repeats, points; } Pieces;

static void add_piece(Pieces *p, RuleSet *set, Span text, Span piece, Finding *share, Finding *chars) {
  p->all++;
  if (!rules_seen(set, rules_hash(piece))) return;
  p->repeats++;
  p->points += rules_points(piece);
  size_t start = (size_t)(piece.ptr - text.ptr);
  keep_first(share, start, start + piece.len);
  keep_first(chars, start, start + piece.len);
}

static void finish_pieces(const Pieces *p, size_t points, Finding *share, Finding *chars) {
  if (p->all == 0) return;
  share->value = (double)p->repeats / (double)p->all;
  chars->value = (double)p->points / (double)points;
}

/* A paragraph ends at a blank line; a line feed inside belongs to it. */
static void read_pieces(Span text, void *table, int paragraphs, size_t points, Finding *share, Finding *chars) {
  RuleSet set;
  Pieces p = { 0 };
  rules_set(&set, table, lines_most(text));
  const char *from = NULL, *to = NULL;
  size_t at = 0;
  for (Span line; (line = rules_line(text, &at)).ptr != NULL;) {
    if (line.len > 0 && from == NULL) from = line.ptr;
    if (line.len > 0) to = line.ptr + line.len;
    if (from != NULL && (!paragraphs || line.len == 0)) {
      add_piece(&p, &set, text, span_of(from, (size_t)(to - from)), share, chars);
      from = NULL;
    }
  }
  if (from != NULL) add_piece(&p, &set, text, span_of(from, (size_t)(to - from)), share, chars);
  finish_pieces(&p, points, share, chars);
}

/* ---- n-grams ---- */

/* Code points of the n words from i on with one blank between. */
static size_t gram_points(const Words *w, size_t i, size_t n) { return w->points[i + n] - w->points[i] + n - 1; }

static void top_gram(const Words *w, size_t n, size_t points, Finding *out) {
  size_t slots = rules_slots(w->n), mask = slots - 1, best_n = 1, best = 0;
  Count *table = w->table;
  memset(table, 0, slots * sizeof *table);
  for (size_t i = 0; i + n <= w->n; i++) {
    uint64_t key = w->gram[i] + (w->gram[i] == 0);
    size_t k = key & mask;
    while (table[k].n != 0 && table[k].key != key) k = (k + 1) & mask;
    if (table[k].n == 0) table[k] = (Count){ key, 0, (uint32_t)i };
    table[k].n++;
    size_t first = table[k].first;
    int longer = table[k].n == best_n && gram_points(w, first, n) > gram_points(w, best, n);
    if (table[k].n > best_n || (best_n > 1 && longer)) best_n = table[k].n, best = first;
  }
  *out = (Finding){ 0, 0, 0 };
  if (best_n < 2) return;
  double share = (double)best_n * (double)gram_points(w, best, n) / (double)points;
  *out = (Finding){ share < 1 ? share : 1, w->start[best], w->end[best + n - 1] };
}

/* What repeats is counted without the blanks, and passed over whole, so that no character counts twice. */
static void dup_grams(const Words *w, size_t n, size_t points, Finding *out) {
  RuleSet set;
  size_t repeated = 0;
  rules_set(&set, w->table, w->n);
  out->value = 0;
  for (size_t i = 0; i + n <= w->n;) {
    if (rules_seen(&set, w->gram[i])) {
      repeated += w->points[i + n] - w->points[i];
      keep_first(out, w->start[i], w->end[i + n - 1]);
      i += n;
    } else {
      i++;
    }
  }
  out->value = (double)repeated / (double)points;
}

static void read_grams(const RuleSetup *s, Words *w, size_t points, Finding *out) {
  for (size_t n = 2; n <= LONGEST && n <= w->n; n++) {
    for (size_t i = 0; i + n <= w->n; i++) w->gram[i] = rules_mix(w->gram[i], w->hash[i + n - 1]);
    int top = TOP_2 + (int)n - 2, dup = DUP_5 + (int)n - 5;
    if (n <= 4 && rules_wants(s, top)) top_gram(w, n, points, &out[top]);
    if (n >= 5 && rules_wants(s, dup)) dup_grams(w, n, points, &out[dup]);
  }
}

/* ---- the bigrams of the folded text ---- */

static void read_ratio(const RuleSetup *s, Span text, char *table, Finding *out) {
  Span folded = span_of(table, fold_text(table, text, 0, NULL));
  if ((double)repetition_words(folded) < s->number[MIN_WORDS]) return;
  char *set = table + fold_room(text.len);
  set += -(uintptr_t)set & 7;
  *out = (Finding){ repetition_ratio(repetition_bigrams(folded, set)), 0, text.len };
}

static void run(const RuleSetup *s, Span text, Span against, void *room_, Finding *out) {
  (void)against;
  Words w = read_words(text, room_);
  size_t points = rules_points(text);
  if (rules_wants(s, RATIO)) read_ratio(s, text, w.table, &out[RATIO]);
  if (w.n == 0) return;
  if (rules_wants(s, LINES) || rules_wants(s, LINE_CHARS))
    read_pieces(text, w.table, 0, points, &out[LINES], &out[LINE_CHARS]);
  if (rules_wants(s, PARAGRAPHS) || rules_wants(s, PARAGRAPH_CHARS))
    read_pieces(text, w.table, 1, points, &out[PARAGRAPHS], &out[PARAGRAPH_CHARS]);
  if (s->wanted >> TOP_2) read_grams(s, &w, points, out);
}

const RuleKernel rules_repetition = { "repetition", MEASURES, NUMBERS, room, run };
