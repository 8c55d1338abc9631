/* modules/conflict/answers.c - see answers.h */
#include "conflict/answers.h"

#include <stdlib.h>
#include <xxhash.h>

#include "text/fold.h"
#include "text/tokens.h"

const char *const conflict_signal_names[CONFLICT_SIGNALS] = {
  "none", "final_answer", "yes_no", "number", "negation", "label", "different"
};

enum { NUMBER_DIGITS = 64 };   /* of a longer one the rest does not count */

static int is_digit(char c) { return (unsigned char)(c - '0') < 10u; }
static char lower(char c) { return (unsigned char)(c - 'A') < 26u ? (char)(c | 0x20) : c; }

/* ---- the tables ---- */

static size_t lower_text(char *out, Span text) {
  for (size_t i = 0; i < text.len; i++) out[i] = lower(text.ptr[i]);
  return text.len;
}

static int copy_phrases(Phrases *p, const Span *text, size_t n, int fold) {
  size_t bytes = 1;
  for (size_t i = 0; i < n; i++) bytes += fold_room(text[i].len);
  *p = (Phrases){ malloc(bytes), calloc(n + 1, sizeof *p->phrase), 0 };
  if (p->bytes == NULL || p->phrase == NULL) {
    phrases_free(p);
    return -1;
  }
  char *at = p->bytes;
  for (size_t i = 0; i < n; i++) {
    size_t len = fold ? fold_text(at, text[i], FOLD_DROP_PUNCTUATION, NULL) : lower_text(at, text[i]);
    if (len > 0) p->phrase[p->n++] = span_of(at, len);
    at += fold_room(text[i].len);
  }
  return 0;
}

int phrases_init(Phrases *p, const Span *text, size_t n) { return copy_phrases(p, text, n, 1); }
int phrases_lower(Phrases *p, const Span *text, size_t n) { return copy_phrases(p, text, n, 0); }

void phrases_free(Phrases *p) {
  free(p->bytes);
  free(p->phrase);
  *p = (Phrases){ 0 };
}

void conflict_rules_free(ConflictRules *r) {
  phrases_free(&r->yes);
  phrases_free(&r->no);
  phrases_free(&r->neither);
  phrases_free(&r->marker);
  free(r->negation);
  *r = (ConflictRules){ 0 };
}

uint64_t answer_word(Span text) {
  uint64_t h = XXH3_64bits(text.ptr, text.len);
  return h + (h == 0);
}

static const Negation *negation_of(const ConflictRules *r, uint64_t word) {
  size_t low = 0, high = r->nnegations;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (r->negation[mid].word < word) low = mid + 1;
    else high = mid;
  }
  return low < r->nnegations && r->negation[low].word == word ? &r->negation[low] : NULL;
}

static int begins(const Phrases *p, Span folded) {
  for (size_t i = 0; i < p->n; i++) {
    Span x = p->phrase[i];
    if (folded.len >= x.len && memcmp(folded.ptr, x.ptr, x.len) == 0 &&
        (folded.len == x.len || folded.ptr[x.len] == ' '))
      return 1;
  }
  return 0;
}

/* ---- reading ---- */

static int reserve(uint64_t **list, size_t *cap, size_t n) {
  if (n <= *cap) return 0;
  uint64_t *more = realloc(*list, 2 * n * sizeof **list);
  if (more == NULL) return -1;
  *list = more;
  *cap = 2 * n;
  return 0;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static size_t distinct(uint64_t *list, size_t n) {
  size_t k = 0;
  if (n > 0) qsort(list, n, sizeof *list, by_value);
  for (size_t i = 0; i < n; i++)
    if (k == 0 || list[k - 1] != list[i]) list[k++] = list[i];
  return k;
}

/* Reads the number at *at, which moves behind it; its value as text in out[0..NUMBER_DIGITS). */
static size_t read_number(Span text, size_t *at, char *out) {
  size_t i = *at, len = 0, fraction = 0;
  int point = 0;
  if (i > 0 && text.ptr[i - 1] == '-' && (i == 1 || text.ptr[i - 2] == ' ')) out[len++] = '-';
  while (i < text.len && text.ptr[i] == '0' && i + 1 < text.len && is_digit(text.ptr[i + 1])) i++;
  for (; i < text.len; i++) {
    char c = text.ptr[i];
    if (is_digit(c)) {
      if (len < NUMBER_DIGITS) out[len++] = c;
      if (point && c != '0') fraction = len;
      continue;
    }
    if (i + 1 >= text.len || !is_digit(text.ptr[i + 1])) break;
    int thousands = c == ',' && !point && i + 3 < text.len && is_digit(text.ptr[i + 2]) && is_digit(text.ptr[i + 3]) &&
                    (i + 4 >= text.len || !is_digit(text.ptr[i + 4]));
    if (thousands) continue;
    if (c != '.' || point) break;
    point = 1;
    fraction = len;   /* what follows counts up to its last digit that is not 0 */
    if (len < NUMBER_DIGITS) out[len++] = '.';
  }
  *at = i;
  return point ? fraction : len;
}

static int read_numbers(Answer *a, Span text) {
  char value[NUMBER_DIGITS];
  size_t n = 0;
  for (size_t i = 0; i < text.len;) {
    if (!is_digit(text.ptr[i])) {
      i++;
      continue;
    }
    size_t len = read_number(text, &i, value);
    if (reserve(&a->number, &a->number_cap, n + 1) != 0) return -1;
    a->number[n++] = answer_word(span_of(value, len));
  }
  a->nnumbers = distinct(a->number, n);
  return 0;
}

static int has_digit(Span word) {
  for (size_t i = 0; i < word.len; i++)
    if (is_digit(word.ptr[i])) return 1;
  return 0;
}

static int read_words(Answer *a, const ConflictRules *r) {
  Span folded = span_of(a->folded, a->len), w;
  size_t n = 0;
  a->tokens = a->negations = 0;
  for (size_t at = 0; (w = tokens_next(folded, &at)).ptr != NULL;) {
    a->tokens++;
    if (has_digit(w)) continue;
    uint64_t word = answer_word(w);
    const Negation *found = negation_of(r, word);
    if (found != NULL) {
      a->negations++;
      word = found->rest;
    }
    if (word == 0) continue;
    if (reserve(&a->word, &a->word_cap, n + 1) != 0) return -1;
    a->word[n++] = word;
  }
  a->nwords = distinct(a->word, n);
  return 0;
}

/* What stands behind the last marker, to the line's end. */
static Span find_final(const Phrases *marker, Span text) {
  Span found = { NULL, 0 };
  for (size_t m = 0; m < marker->n; m++) {
    Span x = marker->phrase[m];
    for (size_t i = text.len; i-- > 0 && x.len > 0;) {
      if (text.len - i < x.len || lower(text.ptr[i]) != x.ptr[0]) continue;
      size_t k = 1;
      while (k < x.len && lower(text.ptr[i + k]) == x.ptr[k]) k++;
      if (k < x.len) continue;
      const char *from = text.ptr + i + x.len;
      if (found.ptr == NULL || from > found.ptr) found = span_of(from, (size_t)(text.ptr + text.len - from));
      break;
    }
  }
  if (found.ptr == NULL) return found;
  const char *line = memchr(found.ptr, '\n', found.len);
  return line != NULL ? span_of(found.ptr, (size_t)(line - found.ptr)) : found;
}

static int read_final(Answer *a, const ConflictRules *r, Span text) {
  Span found = find_final(&r->marker, text);
  a->final_len = 0;
  if (found.len > a->final_cap) {
    char *more = realloc(a->final, found.len);
    if (more == NULL) return -1;
    a->final = more;
    a->final_cap = found.len;
  }
  if (found.len > 0) memcpy(a->final, found.ptr, found.len);
  a->final_len = found.len;
  return 0;
}

/* See Answer.mark: closing quotes and white space behind it do not count. */
static int end_mark(Span text) {
  static const char *const MARKS[] = { ".", "!", "…", "。", "！", "।", "?", "？", "؟" };
  while (text.len > 0 && strchr(" \n\r\t\"')]*_", text.ptr[text.len - 1]) != NULL && text.ptr[text.len - 1] != '\0')
    text.len--;
  for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
    size_t len = strlen(MARKS[i]);
    if (text.len >= len && memcmp(text.ptr + text.len - len, MARKS[i], len) == 0) return i < 6 ? 1 : 2;
  }
  return 0;
}

int answer_read(Answer *a, const ConflictRules *r, Span text) {
  size_t room = fold_room(text.len);
  if (room > a->cap) {
    char *more = realloc(a->folded, 2 * room);
    if (more == NULL) return -1;
    a->folded = more;
    a->cap = 2 * room;
  }
  a->len = fold_text(a->folded, text, FOLD_DROP_PUNCTUATION, NULL);
  Span folded = span_of(a->folded, a->len);
  a->phrase = begins(&r->neither, folded);
  a->polarity = a->phrase ? 0 : begins(&r->yes, folded) ? 1 : begins(&r->no, folded) ? -1 : 0;
  a->mark = end_mark(text);
  return read_final(a, r, text) != 0 || read_words(a, r) != 0 || read_numbers(a, text) != 0 ? -1 : 0;
}

void answer_free(Answer *a) {
  free(a->folded);
  free(a->word);
  free(a->number);
  free(a->final);
  *a = (Answer){ 0 };
}

/* ---- comparing ---- */

static size_t common(const uint64_t *x, size_t nx, const uint64_t *y, size_t ny) {
  size_t n = 0;
  for (size_t i = 0, k = 0; i < nx && k < ny;) {
    if (x[i] == y[k]) n++, i++, k++;
    else if (x[i] < y[k]) i++;
    else k++;
  }
  return n;
}

static int are_alike(const ConflictRules *r, const Answer *a, const Answer *b) {
  size_t both = common(a->word, a->nwords, b->word, b->nwords), all = a->nwords + b->nwords - both;
  return all == 0 || (double)both >= r->alike * (double)all;
}

/* Has each of the two sets something that the other has not? */
static int differ(const uint64_t *x, size_t nx, const uint64_t *y, size_t ny) {
  size_t both = common(x, nx, y, ny);
  return both < nx && both < ny;
}

/* Of short texts: has each a word that the other has not? */
static int words_differ(const Answer *a, const Answer *b) {
  if ((a->nwords == 0) != (b->nwords == 0)) return 0;   /* a number and words */
  int words = differ(a->word, a->nwords, b->word, b->nwords);
  return words || (a->nwords == 0 && differ(a->number, a->nnumbers, b->number, b->nnumbers));
}

int answers_ask_the_same(const Answer *a, const Answer *b) {
  size_t both = common(a->number, a->nnumbers, b->number, b->nnumbers);
  return both == a->nnumbers && both == b->nnumbers && (a->negations & 1) == (b->negations & 1);
}

/* 1: different; 0: they agree (*same), or nobody can tell; -1 if out of memory. */
static int final_differ(const ConflictRules *r, const Answer *a, const Answer *b, int *same) {
  Answer x = { 0 }, y = { 0 };
  int found = 0;
  *same = 0;
  if (a->final_len == 0 || b->final_len == 0) return 0;
  if (answer_read(&x, r, span_of(a->final, a->final_len)) != 0 ||
      answer_read(&y, r, span_of(b->final, b->final_len)) != 0) {
    found = -1;
  } else if (x.nnumbers > 0 && y.nnumbers > 0) {
    found = differ(x.number, x.nnumbers, y.number, y.nnumbers);
    *same = !found;
  } else if (x.tokens > 0 && y.tokens > 0 && x.tokens <= r->label_words && y.tokens <= r->label_words) {
    found = words_differ(&x, &y);
    *same = span_eq(span_of(x.folded, x.len), span_of(y.folded, y.len));
  }
  answer_free(&x);
  answer_free(&y);
  return found;
}

static int asked(const ConflictRules *r, ConflictSignal s) { return r->signals >> s & 1; }

static int is_label(const ConflictRules *r, const Answer *a) {
  size_t most = a->mark == 0 ? r->label_words : (r->label_words + 1) / 2;
  return a->tokens > 0 && a->tokens <= most && a->mark != 2 && !a->phrase;
}

int answers_conflict(const ConflictRules *r, const Answer *a, const Answer *b, double similarity) {
  if (asked(r, CONFLICT_FINAL_ANSWER)) {
    int same, found = final_differ(r, a, b, &same);
    if (found < 0) return -1;
    if (found) return CONFLICT_FINAL_ANSWER;
    if (same) return CONFLICT_NONE;
  }
  if (asked(r, CONFLICT_YES_NO) && a->polarity * b->polarity < 0) return CONFLICT_YES_NO;
  if (asked(r, CONFLICT_NUMBER) && differ(a->number, a->nnumbers, b->number, b->nnumbers) && are_alike(r, a, b))
    return CONFLICT_NUMBER;
  if (asked(r, CONFLICT_NEGATION) && (a->negations & 1) != (b->negations & 1) && a->nwords > 1 && b->nwords > 1 &&
      are_alike(r, a, b))
    return CONFLICT_NEGATION;
  int agree = a->polarity != 0 && a->polarity == b->polarity;   /* "yes" and "sure, yes" */
  if (asked(r, CONFLICT_LABEL) && !agree && is_label(r, a) && is_label(r, b) && words_differ(a, b))
    return CONFLICT_LABEL;
  return similarity < r->max_similarity ? CONFLICT_DIFFERENT : CONFLICT_NONE;
}
