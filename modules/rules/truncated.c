/* modules/rules/truncated.c - signs that a text was cut off before its end.
**   open_fence     fences of code (``` or ~~~) that are open at the end
**   open_brackets  ( [ { that are open at the end, outside fences and not quoted alone, '(' say; a text that is JSON to
**                  its first character is judged by JSON's own rules, strings passed over
**   open_quote     a double quote that is open in the last paragraph; one behind a digit may close it, or be inches
**   mid_list       1 where the last line is a bullet or a number with nothing behind
**   mid_sentence   1 where the last line is prose of `min_words` words or more and ends in none of . ? ! : ; nor
**                  a bracket, quote or mark
**   dangling       1 where it ends in a comma, a hyphen behind a letter, or one of setup.word ("and", "the")
** Everything is one walk over the text, without a stack: brackets are counted by kind. */
#include "rules/rules.h"

enum { FENCE, BRACKETS, QUOTE, LIST, SENTENCE, DANGLING };
static const char *const MEASURES[] = { "open_fence", "open_brackets", "open_quote", "mid_list", "mid_sentence",
                                        "dangling", NULL };
enum { MIN_WORDS };
static const char *const NUMBERS[] = { "min_words", NULL };

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)s, (void)text, (void)against;
  return 0;
}

/* ---- brackets ---- */

typedef struct Open { size_t n, at; } Open;   /* of one kind: how many, and where the first open one stands */

static void open_one(Open *o, size_t at) {
  if (o->n++ == 0) o->at = at;
}

static void count_brackets(Open open[3], char c, size_t at) {
  static const char OPENERS[] = "([{", CLOSERS[] = ")]}";
  for (int k = 0; k < 3; k++) {
    if (c == OPENERS[k]) open_one(&open[k], at);
    else if (c == CLOSERS[k] && open[k].n > 0) open[k].n--;   /* one too many, ":)" say, is no cut */
  }
}

/* JSON: strings hold no brackets; one that is open at the end counts as open. */
static void read_json(Span t, Open open[3], Open *string) {
  int in = 0;
  for (size_t i = 0; i < t.len; i++) {
    char c = t.ptr[i];
    if (c == '"') in = !in, string->at = i;
    else if (in && c == '\\') i++;
    else if (!in) count_brackets(open, c, i);
  }
  string->n = (size_t)in;
}

static int is_json(Span t) {
  size_t i = 0;
  while (i < t.len && rules_blank(t.ptr[i])) i++;
  if (i == t.len || (t.ptr[i] != '{' && t.ptr[i] != '[')) return 0;
  char first = t.ptr[i++];
  while (i < t.len && rules_blank(t.ptr[i])) i++;
  return i < t.len && (t.ptr[i] == '"' || (first == '[' && (t.ptr[i] == '{' || t.ptr[i] == '[')));
}

static void found(Finding *f, size_t n, size_t at, size_t len) {
  *f = n > 0 ? (Finding){ (double)n, at, len } : (Finding){ 0, 0, 0 };
}

/* The first open bracket of any kind. */
static void sum_brackets(const Open open[3], size_t len, Finding *f) {
  size_t n = 0, at = len;
  for (int k = 0; k < 3; k++) {
    n += open[k].n;
    if (open[k].n > 0 && open[k].at < at) at = open[k].at;
  }
  found(f, n, at, len);
}

/* ---- the last line ---- */

static int is_marker_alone(Span l) {
  size_t i = 0;
  while (i < l.len && rules_digit(l.ptr[i])) i++;
  if (i > 0) return i + 1 == l.len && (l.ptr[i] == '.' || l.ptr[i] == ')') && i <= 3;
  return l.len == 1 && memchr("-*+", l.ptr[0], 3) != NULL;
}

static size_t count_words(Span l, Span *last) {
  size_t n = 0, at = 0;
  for (Span w; (w = rules_word(l, &at)).ptr != NULL; n++) *last = w;
  return n;
}

/* Prose begins with a letter and has no sign of code or of a table. */
static int is_prose(Span l) {
  if (!rules_letter(l.ptr[0]) && (unsigned char)l.ptr[0] < 0x80) return 0;
  for (size_t i = 0; i < l.len; i++)
    if (memchr("|{}=<>;\\$#_@/`\t", l.ptr[i], 15) != NULL) return 0;
  return 1;
}

static void judge_last_line(const RuleSetup *s, Span text, Span l, Finding *out) {
  size_t start = (size_t)(l.ptr - text.ptr), end = start + l.len;
  Span word = l;
  out[LIST] = is_marker_alone(l) ? (Finding){ 1, start, end } : (Finding){ 0, 0, 0 };
  size_t words = count_words(l, &word);
  if (!is_prose(l) || (double)words < s->number[MIN_WORDS]) return;
  char c = l.ptr[l.len - 1];
  int cut = rules_letter(c) || rules_digit(c) || c == ',' || c == '-';
  out[SENTENCE] = cut ? (Finding){ 1, start, end } : (Finding){ 0, 0, 0 };
  int dangling = c == ',' || (c == '-' && l.len > 1 && rules_letter(l.ptr[l.len - 2]));
  for (size_t i = 0; i < s->nwords; i++)
    dangling |= word.len == s->word[i].len && rules_begins(word, s->word[i]);
  size_t from = (size_t)(word.ptr - text.ptr);
  out[DANGLING] = dangling ? (Finding){ 1, from, from + word.len } : (Finding){ 0, 0, 0 };
}

/* ---- the text ---- */

/* Is the character at i named rather than used: '(' or "[", and of quotes '"' or (")? */
static int is_named(Span l, size_t i) {
  if (i == 0 || i + 1 >= l.len) return 0;
  char before = l.ptr[i - 1], after = l.ptr[i + 1];
  return (before == after && memchr("'\"`", before, 3) != NULL) || (l.ptr[i] == '"' && before == '(' && after == ')');
}

/* Quotes of one paragraph; an apostrophe is none, and one behind a digit ("$1", or 6") takes the side that is good. */
typedef struct Quotes {
  Open sure;
  int either;
} Quotes;

static void count_quotes(Span text, Span l, Quotes *q) {
  for (size_t i = 0; i < l.len; i++) {
    if (l.ptr[i] != '"' || is_named(l, i)) continue;
    if (i > 0 && rules_digit(l.ptr[i - 1])) q->either = 1;
    else q->sure.n ^= 1, q->sure.at = (size_t)(l.ptr - text.ptr) + i;
  }
}

static void read_prose(Span t, Open open[3], Open *fence, Open *quote, Span *last) {
  Quotes quotes = { { 0, 0 }, 0 };
  size_t at = 0;
  for (Span l; (l = rules_line(t, &at)).ptr != NULL;) {
    size_t start = (size_t)(l.ptr - t.ptr);
    if (l.len == 0) quotes = (Quotes){ { 0, 0 }, 0 };
    else *last = l;
    if (l.len >= 3 && (memcmp(l.ptr, "```", 3) == 0 || memcmp(l.ptr, "~~~", 3) == 0)) {
      /* a fence that opens and closes on one line is none */
      if (l.len == 3 || memchr(l.ptr + 3, l.ptr[0], l.len - 3) == NULL) fence->n ^= 1, fence->at = start;
      continue;
    }
    if (fence->n > 0) continue;
    count_quotes(t, l, &quotes);
    for (size_t i = 0; i < l.len; i++)   /* a closing one between quotes may end a string that a real one began */
      if (memchr("([{", l.ptr[i], 3) == NULL || !is_named(l, i)) count_brackets(open, l.ptr[i], start + i);
  }
  *quote = quotes.sure;
  if (quotes.either) quote->n = 0;
}

static void run(const RuleSetup *s, Span text, Span against, void *room_, Finding *out) {
  (void)against, (void)room_;
  Open open[3] = { { 0, 0 } }, fence = { 0, 0 }, quote = { 0, 0 };
  Span last = { NULL, 0 };
  int json = is_json(text);
  if (json) read_json(text, open, &quote);
  else read_prose(text, open, &fence, &quote, &last);
  found(&out[FENCE], fence.n, fence.at, text.len);
  found(&out[QUOTE], quote.n, quote.at, text.len);
  sum_brackets(open, text.len, &out[BRACKETS]);
  if (last.ptr != NULL && fence.n == 0) judge_last_line(s, text, last, out);
}

const RuleKernel rules_truncated = { "truncated", MEASURES, NUMBERS, room, run };
