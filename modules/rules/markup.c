/* modules/rules/markup.c - what is left of markup in a text; code between fences and between backticks is passed over.
**   html_tags      tags of setup.word ("div", "br"), opening or closing
**   html_entities  &nbsp; &#39; &eacute; and their like: numbers and the names that pages have; &value; is an address of C
**   open_fence     1 where a fence of code is open at the end
**   open_emphasis  ** without its other half, counted a paragraph */
#include <string.h>

#include "rules/rules.h"

enum { TAGS, ENTITIES, FENCE, EMPHASIS };
static const char *const MEASURES[] = { "html_tags", "html_entities", "open_fence", "open_emphasis", NULL };
static const char *const NUMBERS[] = { NULL };

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)s, (void)text, (void)against;
  return 0;
}

static void count(Finding *f, size_t start, size_t len) {
  if (f->value++ == 0) f->start = start, f->end = start + len;
}

/* Bytes of the tag that begins at l.ptr[i], a '<'; 0 if it is none. */
static size_t tag_at(const RuleSetup *s, Span l, size_t i) {
  size_t at = i + 1;
  if (at < l.len && l.ptr[at] == '/') at++;
  for (size_t k = 0; k < s->nwords; k++) {
    size_t end = at + s->word[k].len;
    if (end >= l.len || !rules_begins(span_of(l.ptr + at, l.len - at), s->word[k])) continue;
    if (l.ptr[end] != '>' && l.ptr[end] != '/' && !rules_blank(l.ptr[end])) continue;
    while (end < l.len && l.ptr[end] != '>' && l.ptr[end] != '<') end++;
    return end < l.len && l.ptr[end] == '>' ? end + 1 - i : 0;
  }
  return 0;
}

/* Is it a name of HTML 4's entities that pages use, or a letter with one of its accents? */
static int is_entity(Span name) {
  static const char *const NAMES[] = { "amp", "lt", "gt", "quot", "apos", "nbsp", "iexcl", "cent", "pound", "yen", "sect",
    "copy", "laquo", "raquo", "shy", "reg", "deg", "plusmn", "para", "middot", "frac12", "frac14", "frac34", "iquest",
    "times", "divide", "szlig", "aelig", "oelig", "eth", "thorn", "euro", "ndash", "mdash", "lsquo", "rsquo", "sbquo",
    "ldquo", "rdquo", "bdquo", "dagger", "bull", "hellip", "permil", "prime", "lsaquo", "rsaquo", "trade", "larr", "rarr",
    "uarr", "darr", "harr", "minus", "infin", "ne", "le", "ge", "asymp", "ensp", "emsp", "thinsp", "zwnj", "zwj" };
  static const char *const ACCENTS[] = { "acute", "grave", "circ", "uml", "tilde", "ring", "cedil", "slash", "caron" };
  for (size_t k = 0; k < sizeof NAMES / sizeof *NAMES; k++)
    if (strlen(NAMES[k]) == name.len && rules_begins(name, span_str(NAMES[k]))) return 1;
  for (size_t k = 0; k < sizeof ACCENTS / sizeof *ACCENTS; k++)
    if (name.len == strlen(ACCENTS[k]) + 1 && rules_begins(span_of(name.ptr + 1, name.len - 1), span_str(ACCENTS[k])))
      return 1;
  return 0;
}

static size_t entity_at(Span l, size_t i) {
  enum { LONGEST = 10 };
  size_t at = i + 1, number = at < l.len && l.ptr[at] == '#', from = at += number;
  while (at < l.len && at - from < LONGEST && (rules_letter(l.ptr[at]) || rules_digit(l.ptr[at]))) at++;
  if (at == l.len || l.ptr[at] != ';' || at == from) return 0;
  return number || is_entity(span_of(l.ptr + from, at - from)) ? at + 1 - i : 0;
}

typedef struct Emphasis { int open; size_t at; } Emphasis;

static void end_paragraph(Emphasis *e, Finding *out) {
  if (e->open) count(&out[EMPHASIS], e->at, 2);
  e->open = 0;
}

static void read_line(const RuleSetup *s, Span text, Span l, Emphasis *e, Finding *out) {
  size_t start = (size_t)(l.ptr - text.ptr), len;
  for (size_t i = 0; i < l.len; i++) {
    char c = l.ptr[i];
    const char *close = c == '`' ? memchr(l.ptr + i + 1, '`', l.len - i - 1) : NULL;
    if (close != NULL) i = (size_t)(close - l.ptr);
    else if (c == '<' && (len = tag_at(s, l, i)) > 0) count(&out[TAGS], start + i, len);
    else if (c == '&' && (len = entity_at(l, i)) > 0) count(&out[ENTITIES], start + i, len);
    else if (c == '*' && i + 1 < l.len && l.ptr[i + 1] == '*') {
      size_t run = i;
      while (i + 1 < l.len && l.ptr[i + 1] == '*') i++;
      int spaced = (run == 0 || rules_blank(l.ptr[run - 1])) && (i + 1 == l.len || rules_blank(l.ptr[i + 1]));
      int power = run > 0 && i + 1 < l.len && !rules_blank(l.ptr[run - 1]) && !rules_blank(l.ptr[i + 1]) && !e->open;
      int opens = i + 1 < l.len && !rules_blank(l.ptr[i + 1]) && (run == 0 || memchr("({[,*", l.ptr[run - 1], 5) == NULL);
      if (i - run != 1 || spaced || power || (!e->open && !opens)) continue;   /* 2**3, Node** p and f(**args) are none */
      e->open = !e->open, e->at = start + run;
    }
  }
}

static void run(const RuleSetup *s, Span text, Span against, void *room_, Finding *out) {
  (void)against, (void)room_;
  for (int i = TAGS; i <= EMPHASIS; i++) out[i].value = 0;
  Emphasis e = { 0, 0 };
  size_t at = 0, fence = 0;
  int fenced = 0;
  for (Span l; (l = rules_line(text, &at)).ptr != NULL;) {
    if (l.len >= 3 && (memcmp(l.ptr, "```", 3) == 0 || memcmp(l.ptr, "~~~", 3) == 0)) {
      if (l.len == 3 || memchr(l.ptr + 3, l.ptr[0], l.len - 3) == NULL)
        fenced = !fenced, fence = (size_t)(l.ptr - text.ptr);
    } else if (!fenced && l.len == 0) {
      end_paragraph(&e, out);
    } else if (!fenced) {
      read_line(s, text, l, &e, out);
    }
  }
  end_paragraph(&e, out);
  if (fenced) out[FENCE] = (Finding){ 1, fence, text.len };
}

const RuleKernel rules_markup = { "markup", MEASURES, NUMBERS, room, run };
