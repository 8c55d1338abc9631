/* modules/rules/quality.c - the document rules of Gopher (Rae et al. 2021, A1.1), C4 (Raffel et al.
** 2020, section 2.2) and FineWeb (Penedo et al. 2024), as figures of one text.
**
** A word is a run without ASCII white space, a line what stands between line feeds; blank lines do
** not count. With `prose_only` the shares are those of the prose: fenced code, tables, lists,
** headings and lines that look like code or data are passed over, and a text with fewer than
** `min_words` words of prose has no shares at all. That is what lets a chat keep its code and lists.
**
** setup.word: stop words, then (number STOP_WORDS says from where) C4's policy phrases. */
#include "rules/rules.h"
#include "text/chars.h"

enum {
  WORDS, MEAN_WORD, HASHES, ELLIPSES, BULLETS, ELLIPSIS_LINES, ALPHA, STOP,          /* Gopher */
  SENTENCES, LONGEST_WORD, LOREM, CURLY, JAVASCRIPT, POLICY,                         /* C4 */
  TERMINAL, SHORT, DUP_LINES, NEWLINES, MEASURE_COUNT                                /* FineWeb */
};
static const char *const MEASURES[] = {
  "words", "mean_word_length", "hash_ratio", "ellipsis_ratio", "bullet_lines", "ellipsis_lines", "alpha_words",
  "stop_words", "sentences", "longest_word", "lorem_ipsum", "curly_brackets", "javascript", "policy_phrases",
  "terminal_lines", "short_lines", "dup_line_chars", "newline_ratio", NULL };

enum { SHORT_LINE, LINE_WORDS, PROSE_ONLY, MIN_WORDS, STOP_WORDS };
static const char *const NUMBERS[] = { "short_line_chars", "min_line_words", "prose_only", "min_words", "stop_words",
                                       NULL };

typedef struct Sums {
  size_t words, worded, word_points, alpha, hashes, ellipses, sentences, longest;   /* of words */
  size_t lines, bullets, ellipsis_lines, terminal, shorts, dup_points, points, line_feeds;
  uint64_t stop;               /* bit w: stop word w stands here */
  int fenced;
  Finding *out;
  const RuleSetup *setup;
  Span text;
  RuleSet lines_seen;
  uint32_t stop_first[8];      /* bit c & 31 of [c >> 5]: a stop word begins with c */
} Sums;

static size_t lines_most(Span text) {
  size_t n = 1;
  for (const char *p = text.ptr, *end = p + text.len; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) n++;
  return n;
}

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)against;
  return rules_wants(s, DUP_LINES) ? rules_slots(lines_most(text)) * sizeof(uint64_t) : 0;
}

static void show(Sums *s, int measure, Span where) {
  Finding *f = &s->out[measure];
  if (f->end != 0 || where.len == 0) return;
  f->start = (size_t)(where.ptr - s->text.ptr);
  f->end = f->start + where.len;
}

static inline int has(Span t, const char *what, size_t at, size_t n) {
  return at + n <= t.len && memcmp(t.ptr + at, what, n) == 0;
}

/* ---- what a line is ---- */

static int ends_with_ellipsis(Span l) {
  return (l.len >= 3 && has(l, "...", l.len - 3, 3)) || (l.len >= 3 && has(l, "\xE2\x80\xA6", l.len - 3, 3));
}

static int is_bullet(Span l) {
  return l.len > 0 && (l.ptr[0] == '-' || l.ptr[0] == '*' || l.ptr[0] == '+' || has(l, "\xE2\x80\xA2", 0, 3));
}

/* "1.", "12)", "a." and their like before a blank. */
static int is_numbered(Span l) {
  size_t i = 0;
  while (i < l.len && i < 4 && rules_digit(l.ptr[i])) i++;
  if (i == 0 && l.len > 0 && rules_letter(l.ptr[0])) i = 1;
  return i > 0 && i + 1 < l.len && (l.ptr[i] == '.' || l.ptr[i] == ')') && rules_blank(l.ptr[i + 1]);
}

/* Code, data, tables and headings, by how they begin and end. */
static int is_structure(Span l) {
  char first = l.ptr[0], last = l.ptr[l.len - 1];
  if (memchr("|{}[]<>#@$/\\=`\"(", first, 16) != NULL && first != '"' && first != '(') return 1;
  if (memchr("{}[;|<>=\\", last, 9) != NULL) return 1;
  if (memchr(l.ptr, '|', l.len) != NULL || memchr(l.ptr, '\t', l.len) != NULL) return 1;
  if (first == '"' && (last == ',' || memchr(l.ptr, ':', l.len) != NULL)) return 1;
  return is_bullet(l) || is_numbered(l);
}

static int is_fence(Span l) { return has(l, "```", 0, 3) || has(l, "~~~", 0, 3); }

/* Does the line end like a sentence? Quotes, brackets and emphasis behind the point are passed over. */
static int is_terminal(Span l) {
  size_t n = l.len;
  while (n > 0 && memchr(")]*_", l.ptr[n - 1], 4) != NULL) n--;
  if (n == 0) return 0;
  if (memchr(".?!\"'", l.ptr[n - 1], 5) != NULL) return 1;
  static const char *const MORE[] = { "\xE3\x80\x82", "\xEF\xBC\x81", "\xEF\xBC\x9F", "\xE2\x80\x9D", "\xE2\x80\x99",
                                      "\xE2\x80\xA6", "\xE0\xA5\xA4" };   /* 。！？”’…। */
  for (size_t i = 0; i < sizeof MORE / sizeof *MORE; i++)
    if (n >= 3 && has(l, MORE[i], n - 3, 3)) return 1;
  return 0;
}

/* ---- words ---- */

static void note_stop_word(Sums *s, Span w) {
  while (w.len > 0 && !rules_letter(w.ptr[0])) w.ptr++, w.len--;
  while (w.len > 0 && !rules_letter(w.ptr[w.len - 1])) w.len--;
  if (w.len == 0) return;
  unsigned char c = (unsigned char)rules_lower(w.ptr[0]);
  if (!(s->stop_first[c >> 5] >> (c & 31) & 1)) return;
  for (size_t i = 0; i < (size_t)s->setup->number[STOP_WORDS] && i < s->setup->nwords; i++)
    if (s->setup->word[i].len == w.len && rules_begins(w, s->setup->word[i])) s->stop |= (uint64_t)1 << i;
}

/* A letter of any script; what stands inside a word past ASCII counts as one. */
static int has_letter(Span w) {
  for (size_t i = 0; i < w.len;) {
    if (rules_letter(w.ptr[i])) return 1;
    if ((unsigned char)w.ptr[i] < 0x80) { i++; continue; }
    if (chars_in_word(chars_decode(w.ptr, w.len, i, &i))) return 1;
  }
  return 0;
}

static void add_word(Sums *s, Span w) {
  size_t points = 0, hashes = 0, digits = 0, letters = 0, high = 0;
  for (size_t i = 0; i < w.len; i++) {
    char c = w.ptr[i];
    points += !rules_tail(c);
    high |= (unsigned char)c;
    letters += rules_letter(c);
    digits += rules_digit(c);
    hashes += c == '#';
  }
  int letter = letters > 0 || (high >= 0x80 && has_letter(w));
  s->words++;
  if (letter || digits > 0) s->worded++, s->word_points += points;
  s->alpha += (size_t)letter;
  if (!letter) show(s, ALPHA, w);
  if (hashes > 0) s->hashes += hashes, show(s, HASHES, w);
  if (points > s->longest) {
    s->longest = points;
    if (rules_wants(s->setup, LONGEST_WORD)) s->out[LONGEST_WORD].end = 0, show(s, LONGEST_WORD, w);
  }
  if (letter) note_stop_word(s, w);
}

/* Sentences of a line: words that end like one. */
static size_t add_words(Sums *s, Span line, size_t *sentences) {
  size_t at = 0, n = 0;
  *sentences = 0;
  for (Span w; (w = rules_word(line, &at)).ptr != NULL; n++) {
    add_word(s, w);
    *sentences += (size_t)(is_terminal(w) && has_letter(w));
  }
  return n;
}

static void add_ellipses(Sums *s, Span line) {
  const char *p = line.ptr, *end = p + line.len;
  for (; (p = memchr(p, '.', (size_t)(end - p))) != NULL; p++)
    if (end - p >= 3 && p[1] == '.' && p[2] == '.') s->ellipses++, show(s, ELLIPSES, span_of(p, 3)), p += 2;
  for (p = line.ptr; (p = memchr(p, 0xE2, (size_t)(end - p))) != NULL; p++)
    if (end - p >= 3 && memcmp(p, "\xE2\x80\xA6", 3) == 0) s->ellipses++, show(s, ELLIPSES, span_of(p, 3));
}

static void add_line(Sums *s, Span l) {
  size_t sentences, points = rules_points(l), words = add_words(s, l, &sentences);
  int dots = ends_with_ellipsis(l), terminal = is_terminal(l);
  add_ellipses(s, l);
  s->lines++;
  s->points += points;
  if (is_bullet(l)) s->bullets++, show(s, BULLETS, l);
  if (dots) s->ellipsis_lines++, show(s, ELLIPSIS_LINES, l);
  if (terminal) s->terminal++;
  else show(s, TERMINAL, l);
  if ((double)points <= s->setup->number[SHORT_LINE]) s->shorts++, show(s, SHORT, l);
  if (terminal && !dots && (double)words >= s->setup->number[LINE_WORDS]) s->sentences += sentences;
  if (rules_wants(s->setup, DUP_LINES) && rules_seen(&s->lines_seen, rules_hash(l)))
    s->dup_points += points, show(s, DUP_LINES, l);
}

/* ---- the text ---- */

static void count_phrase(Sums *s, int measure, Span what) {
  Finding *f = &s->out[measure];
  if (!(f->value >= 0)) f->value = 0;
  for (size_t at = 0; (at = rules_find(s->text, at, what)) < s->text.len; at += what.len) {
    f->value++;
    show(s, measure, span_of(s->text.ptr + at, what.len));
  }
}

static void count_phrases(Sums *s) {
  const RuleSetup *setup = s->setup;
  if (rules_wants(setup, LOREM)) count_phrase(s, LOREM, span_str("lorem ipsum"));
  if (rules_wants(setup, CURLY)) count_phrase(s, CURLY, span_str("{"));
  if (rules_wants(setup, JAVASCRIPT)) count_phrase(s, JAVASCRIPT, span_str("javascript"));
  if (!rules_wants(setup, POLICY)) return;
  for (size_t i = (size_t)setup->number[STOP_WORDS]; i < setup->nwords; i++) count_phrase(s, POLICY, setup->word[i]);
}

static void read_lines(Sums *s) {
  int prose = s->setup->number[PROSE_ONLY] != 0;
  size_t at = 0;
  for (Span l; (l = rules_line(s->text, &at)).ptr != NULL;) {
    s->line_feeds += at <= s->text.len && s->text.ptr[at - 1] == '\n';
    if (l.len == 0) continue;
    if (is_fence(l)) {
      s->fenced = !s->fenced;
      if (prose) continue;
    }
    if (!prose || (!s->fenced && !is_structure(l))) add_line(s, l);
  }
}

static void set(Sums *s, int measure, size_t part, size_t all) {
  if (all > 0) s->out[measure].value = (double)part / (double)all;
}

static unsigned bits(uint64_t x) {
  unsigned n = 0;
  for (; x != 0; x &= x - 1) n++;
  return n;
}

static void finish(Sums *s) {
  Finding *out = s->out;
  out[WORDS].value = (double)s->words;
  out[LONGEST_WORD].value = (double)s->longest;
  if ((double)s->words < s->setup->number[MIN_WORDS]) return;
  out[STOP].value = bits(s->stop);
  out[SENTENCES].value = (double)s->sentences;
  set(s, MEAN_WORD, s->word_points, s->worded);
  set(s, HASHES, s->hashes, s->words);
  set(s, ELLIPSES, s->ellipses, s->words);
  set(s, BULLETS, s->bullets, s->lines);
  set(s, ELLIPSIS_LINES, s->ellipsis_lines, s->lines);
  set(s, ALPHA, s->alpha, s->words);
  set(s, TERMINAL, s->terminal, s->lines);
  set(s, SHORT, s->shorts, s->lines);
  set(s, DUP_LINES, s->dup_points, s->points);
  set(s, NEWLINES, s->line_feeds, s->words);
}

static void run(const RuleSetup *setup, Span text, Span against, void *room_, Finding *out) {
  (void)against;
  Sums s = { .out = out, .setup = setup, .text = text };
  if (rules_wants(setup, DUP_LINES)) rules_set(&s.lines_seen, room_, lines_most(text));
  for (size_t i = 0; i < (size_t)setup->number[STOP_WORDS] && i < setup->nwords; i++) {
    unsigned char c = setup->word[i].len > 0 ? (unsigned char)setup->word[i].ptr[0] : 0;
    s.stop_first[c >> 5] |= UINT32_C(1) << (c & 31);
  }
  read_lines(&s);
  finish(&s);
  count_phrases(&s);
}

const RuleKernel rules_quality = { "quality", MEASURES, NUMBERS, room, run };
