/* modules/scan/shapes.c - see shapes.h */
#include "scan/shapes.h"

#include <strings.h>

static int digit(char c) { return c >= '0' && c <= '9'; }
static int letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

enum { MOST_GROUPS = 8 };

/* The match's runs of digits: their values (the last nine digits' at most) and lengths. */
typedef struct Groups {
  size_t n, digits;
  size_t len[MOST_GROUPS];
  unsigned value[MOST_GROUPS];
} Groups;

static Groups groups_of(const ScanCandidate *c) {
  Groups g = { 0 };
  for (size_t i = c->start; i < c->end && g.n < MOST_GROUPS;) {
    if (!digit(c->text.ptr[i])) {
      i++;
      continue;
    }
    for (; i < c->end && digit(c->text.ptr[i]); i++) {
      g.value[g.n] = (g.value[g.n] * 10 + (unsigned)(c->text.ptr[i] - '0')) % 1000000000;
      g.len[g.n]++;
      g.digits++;
    }
    g.n++;
  }
  return g;
}

static int is_year(size_t len, unsigned value) { return len == 4 && value >= 1900 && value <= 2099; }

/* Three groups that read as a date, the year first or last. */
static int numeric_date(const Groups *g, int short_years) {
  if (g->n != 3 || g->len[1] > 2) return 0;
  size_t year = is_year(g->len[0], g->value[0]) ? 0 : 2;
  size_t other = 2 - year;
  if (g->len[other] > 2 || g->value[other] < 1 || g->value[other] > 31) return 0;
  if (g->value[1] < 1 || g->value[1] > 31 || (g->value[other] > 12 && g->value[1] > 12)) return 0;
  return is_year(g->len[year], g->value[year]) || (short_years && g->len[year] == 2);
}

int check_date(ScanCandidate *c) {
  Groups g = groups_of(c);
  if (g.n == 3) return numeric_date(&g, 1);
  /* a month by name */
  return g.n == 2 && g.len[0] <= 2 && g.value[0] >= 1 && g.value[0] <= 31 && is_year(g.len[1], g.value[1]);
}

int check_national_phone(ScanCandidate *c) {
  if (c->text.ptr[c->start] == '(' && c->text.ptr[c->end - 1] == ')') {      /* set in brackets whole */
    c->start++;
    c->end--;
  }
  Groups g = groups_of(c);
  const char *first = c->text.ptr + c->start;
  int open = *first == '(';
  char d = first[open], e = first[open + 1];
  size_t years = 0;
  if (numeric_date(&g, 0) || (g.n == 2 && g.len[0] == 4 && g.value[0] < 2100 && g.len[1] == 4)) return 0;
  for (size_t i = 0; i < g.n; i++) years += (size_t)is_year(g.len[i], g.value[i]);
  if (years > 1 || g.digits < 7 || g.digits > 12) return 0;
  if (d == '0') return e != '0' && g.digits >= 9;                          /* with the trunk's 0 */
  if (g.digits == 10) return g.n > 1 || (d >= '2' && !(e == '1' && first[2] == '1'));     /* US, IN, BR */
  if (g.digits == 11) return d == '1' ? g.n != 1 || e >= '2' : g.n > 1;
  return g.n > (g.digits < 10 ? 1u : 2u);
}

/* Whether text holds the word, in any case. */
static int holds(Span text, const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i + n <= text.len; i++)
    if (strncasecmp(text.ptr + i, word, n) == 0) return 1;
  return 0;
}

/* So many of one byte, or of bytes that count up or down, in a row. */
static int has_run(Span text, size_t longest) {
  size_t run[3] = { 1, 1, 1 };
  for (size_t i = 1; i < text.len; i++) {
    int step = (unsigned char)text.ptr[i] - (unsigned char)text.ptr[i - 1];
    for (int k = 0; k < 3; k++) {
      run[k] = step == k - 1 ? run[k] + 1 : 1;
      if (run[k] > longest) return 1;
    }
  }
  return 0;
}

int check_filled(ScanCandidate *c) {
  static const char *const FILL[] = { "example", "your_", "your-", "yourkey", "yourtoken", "placeholder", "changeme",
    "change_me", "change-me", "dummy", "redacted", "insert", "sample", "process.env", "os.environ", "getenv", "undefined",
    "todo", "xxxx", "****", "....", "foobar", "fake", "notreal", "secrets.", "vars.", "config." };
  enum { LONGEST_RUN = 7 };
  Span text = span_of(c->text.ptr + c->start, c->end - c->start);
  if (c->strict) return 1;
  for (size_t i = 0; i < sizeof FILL / sizeof *FILL; i++)
    if (holds(text, FILL[i])) return 0;
  return !has_run(text, LONGEST_RUN);
}

int check_secret(ScanCandidate *c) {
  size_t digits = 0, letters = 0;
  for (size_t i = c->start; i < c->end; i++) {
    digits += (size_t)digit(c->text.ptr[i]);
    letters += (size_t)letter(c->text.ptr[i]);
  }
  return digits > 0 && letters > 0 && check_filled(c);
}

/* Names joined by dots, as a program writes them: settings.token_v2 */
static int is_member(Span text) {
  size_t dots = 0;
  for (size_t i = 0; i < text.len; i++) {
    char ch = text.ptr[i];
    int first = i == 0 || text.ptr[i - 1] == '.';
    if (ch == '.' ? first : first ? !letter(ch) && ch != '_' : !letter(ch) && !digit(ch) && ch != '_') return 0;
    dots += ch == '.';
  }
  return dots > 0;
}

int check_assigned(ScanCandidate *c) {
  int quoted = c->end < c->text.len && strchr("\"'\\", c->text.ptr[c->end]) != NULL;   /* its signs are its own */
  while (!quoted && c->end > c->start && strchr(".,;?!", c->text.ptr[c->end - 1])) c->end--;
  Span text = span_of(c->text.ptr + c->start, c->end - c->start);
  enum { LEAST = 8 };
  if (text.len < LEAST || strchr("/.$%~", text.ptr[0]) || holds(text, "://")) return 0;
  return !is_member(text) && check_secret(c);
}

int check_password(ScanCandidate *c) {
  unsigned classes = 0;
  if (!check_assigned(c)) return 0;
  for (size_t i = c->start; i < c->end; i++) {
    char ch = c->text.ptr[i];
    classes |= digit(ch) ? 1u : !letter(ch) ? 2u : ch & 0x20 ? 4u : 8u;
  }
  return __builtin_popcount(classes) >= 3;
}
