/* modules/rules/urls.c - the quality of a text's URLs and of its Markdown links. Code between fences and
** between backticks is passed over, unless `code` is 1.
**   url_ratio          characters in URLs to those of all lines; texts of fewer than `min_chars` have none
**   urls               how many: http, https, ftp, and www. without a scheme
**   malformed          a scheme that is misspelt, doubled or cut off from its host ("http:/a.org", "htps://a.org",
**                      "https://https://a.org", "https:// a.org"), a host with an empty label or a character that
**                      none has, an address or port out of range, "www." before a name without a dot, a % before
**                      the query that escapes nothing
**   ip_hosts           public addresses for a host; an address of a home network or of documentation is none
**   shorteners         hosts in the first list of setup.word, of `shorteners` entries, subdomains included
**   placeholder_hosts  the same of the second list, of `placeholders` entries; a URL in quotes is a program's
**                      constant and counts not, nor does any where the other text, the question, names one itself
**   tracking           parameters of the query in the rest of setup.word ("gclid", "utm_*")
**   broken_links       Markdown links [text]() without a target, or [text](http… without its end
**   empty_link_text    links [](http…) that show nothing; a picture may
** A host with a sign of a template (${HOST}, <your-host>, *.a.org, %s) is not judged. One walk over the text. */
#include "rules/rules.h"

enum { RATIO, URLS, MALFORMED, IP_HOSTS, SHORTENERS, PLACEHOLDERS, TRACKING, BROKEN, EMPTY_TEXT };
static const char *const MEASURES[] = { "url_ratio", "urls", "malformed", "ip_hosts", "shorteners",
                                        "placeholder_hosts", "tracking", "broken_links", "empty_link_text", NULL };
enum { MIN_CHARS, CODE, NSHORTENERS, NPLACEHOLDERS };
static const char *const NUMBERS[] = { "min_chars", "code", "shorteners", "placeholders", NULL };

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)s, (void)text, (void)against;
  return 0;
}

static void count(Finding *f, size_t start, size_t end) {
  if (f->value++ == 0) f->start = start, f->end = end;
}

static int is_word(char c) { return rules_letter(c) || rules_digit(c) || (c & 0x80) != 0; }
static int is_hex(char c) { return rules_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6u; }

/* ---- hosts ---- */

/* Four numbers with dots: 1 with quad filled in, -1 where one is past 255, 0 if it is no such address. */
static int read_quad(Span h, unsigned quad[4]) {
  size_t at = 0;
  int n = 0, over = 0;
  for (; n < 4; n++) {
    size_t from = at;
    for (quad[n] = 0; at < h.len && rules_digit(h.ptr[at]) && at - from < 4; at++)
      quad[n] = quad[n] * 10 + (unsigned)(h.ptr[at] - '0');
    if (at == from) return 0;
    over |= quad[n] > 255;
    if (n < 3 && (at == h.len || h.ptr[at++] != '.')) return 0;
  }
  return at < h.len ? 0 : over ? -1 : 1;
}

/* RFC 1918, 5735 and 5737: addresses that lead nowhere from outside. */
static int is_public(const unsigned q[4]) {
  static const struct { unsigned char a, b, c, depth; } NOT[] = {
    { 0, 0, 0, 1 }, { 10, 0, 0, 1 }, { 127, 0, 0, 1 }, { 169, 254, 0, 2 }, { 192, 168, 0, 2 }, { 192, 0, 2, 3 },
    { 198, 51, 100, 3 }, { 203, 0, 113, 3 } };
  if (q[0] >= 224 || (q[0] == 172 && q[1] >= 16 && q[1] < 32)) return 0;
  for (size_t i = 0; i < sizeof NOT / sizeof *NOT; i++)
    if (q[0] == NOT[i].a && (NOT[i].depth < 2 || q[1] == NOT[i].b) && (NOT[i].depth < 3 || q[2] == NOT[i].c)) return 0;
  return 1;
}

/* The same of the inside of [ ]; -1: no address at all. */
static int is_public6(Span h) {
  static const char *const NOT[] = { "fe80:", "fc", "fd", "2001:db8:", "ff" };
  size_t colons = 0;
  for (size_t i = 0; i < h.len; i++) {
    if (h.ptr[i] == ':') colons++;
    else if (!is_hex(h.ptr[i]) && h.ptr[i] != '.') return -1;
  }
  if (colons < 2 || colons > 7) return -1;
  if (span_eq(h, span_str("::1")) || span_eq(h, span_str("::"))) return 0;
  for (size_t i = 0; i < sizeof NOT / sizeof *NOT; i++)
    if (rules_begins(h, span_str(NOT[i]))) return 0;
  return 1;
}

/* Are the labels of a name what RFC 1123 asks, but for _ and letters past ASCII, which hosts have too? */
static int good_labels(Span h) {
  size_t from = 0, digits = 0;
  if (h.len > 0 && h.ptr[h.len - 1] == '.') h.len--;
  if (h.len == 0 || h.len > 253) return 0;
  for (size_t i = 0; i <= h.len; i++) {
    char c = i < h.len ? h.ptr[i] : '.';
    if (c == '.') {
      if (i == from || i - from > 63 || h.ptr[from] == '-' || h.ptr[i - 1] == '-') return 0;
      if (i == h.len && digits == i - from) return 0;   /* a last label of digits */
      from = i + 1, digits = 0;
    } else if (!is_word(c) && c != '-' && c != '_') return 0;
    else digits += rules_digit(c);
  }
  return 1;
}

static int is_template(Span h) {
  for (size_t i = 0; i < h.len; i++)
    if (memchr("$<>{}%*+=()[", h.ptr[i], 12) != NULL) return 1;
  return 0;
}

/* Does the name equal an entry, or end in "." and it? */
static int is_listed(Span h, const Span *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t len = list[i].len;
    if (len == 0 || h.len < len || (h.len > len && h.ptr[h.len - len - 1] != '.')) continue;
    if (rules_begins(span_of(h.ptr + h.len - len, len), list[i])) return 1;
  }
  return 0;
}

/* ---- a URL ---- */

typedef struct Reader {
  const RuleSetup *s;
  Span question;         /* empty once it was found to name a placeholder or not */
  int asked;             /* it does */
  const char *text;      /* what findings count from */
  Finding *out;
  size_t chars, linked;  /* characters read, and those in URLs */
} Reader;

typedef struct Url {
  Span whole, authority, query;
} Url;

/* CJK punctuation and full-width forms end a URL, other letters past ASCII do not. */
static int ends_wide(const char *p, const char *end) {
  if (end - p < 3 || (unsigned char)p[0] < 0xE3) return 0;
  return (p[0] == '\xE3' && p[1] == '\x80') || (p[0] == '\xEF' && (p[1] == '\xBC' || p[1] == '\xBD')) ||
         (unsigned char)p[0] == 0xFE;
}

/* Where a URL that begins before `p` ends: brackets belong to it where they pair. */
static const char *url_end(const char *p, const char *end) {
  int open[3] = { 0, 0, 0 };
  const char *begin = p;
  for (; p < end && !rules_blank(*p) && (unsigned char)*p >= 0x20; p++) {
    static const char OPENERS[] = "([{", CLOSERS[] = ")]}";
    if (memchr("<>\"'`\\|", *p, 7) != NULL || ends_wide(p, end)) break;
    if (*p == ',' && rules_begins(span_of(p, (size_t)(end - p)), span_str(",http"))) break;
    const char *o = memchr(OPENERS, *p, 3), *c = memchr(CLOSERS, *p, 3);
    if (o != NULL) open[o - OPENERS]++;
    if (c != NULL && open[c - CLOSERS]-- == 0) break;
  }
  while (p > begin && memchr(".,;:!?*", p[-1], 7) != NULL) p--;
  return p;
}

static void split_url(const char *begin, const char *authority, const char *end, Url *u) {
  const char *a = authority, *q;
  while (a < end && *a != '/' && *a != '?' && *a != '#') a++;
  u->whole = span_of(begin, (size_t)(end - begin));
  u->authority = span_of(authority, (size_t)(a - authority));
  q = memchr(a, '?', (size_t)(end - a));
  u->query = q == NULL ? span_of(end, 0) : span_of(q + 1, (size_t)(end - q - 1));
}

/* A % that neither two digits nor a format's letter follow. What a query holds, servers take as it is. */
static int bad_escape(Span u) {
  for (size_t i = 0; i + 1 < u.len && u.ptr[i] != '?'; i++) {
    if (u.ptr[i] != '%') continue;
    if (i + 2 < u.len && is_hex(u.ptr[i + 1]) && is_hex(u.ptr[i + 2])) i += 2;
    else if (memchr("sdifuxv%@{(0123456789*$.", u.ptr[i + 1], 24) == NULL) return 1;
  }
  return 0;
}

static int bad_port(Span port) {
  size_t v = 0, i = 0;
  for (; i < port.len && rules_digit(port.ptr[i]) && i < 6; i++) v = v * 10 + (size_t)(port.ptr[i] - '0');
  return port.len > 0 && rules_digit(port.ptr[0]) && (i < port.len || v > 65535);   /* :PORT is a template */
}

static void count_tracking(Reader *r, const Url *u) {
  const RuleSetup *s = r->s;
  size_t first = (size_t)s->number[NSHORTENERS] + (size_t)s->number[NPLACEHOLDERS], at = 0;
  while (at < u->query.len) {
    size_t from = at;
    while (at < u->query.len && memchr("&;#", u->query.ptr[at], 3) == NULL) at++;
    Span pair = span_of(u->query.ptr + from, at - from);
    const char *eq = memchr(pair.ptr, '=', pair.len);
    size_t name = eq != NULL ? (size_t)(eq - pair.ptr) : pair.len;
    for (size_t k = first; k < s->nwords; k++) {
      Span w = s->word[k];
      int open = w.len > 0 && w.ptr[w.len - 1] == '*';
      if (w.len == 0 || (open ? name < w.len - 1 : name != w.len)) continue;
      if (!rules_begins(pair, span_of(w.ptr, w.len - (size_t)open))) continue;
      size_t start = (size_t)(pair.ptr - r->text);
      count(&r->out[TRACKING], start, start + pair.len);
      break;
    }
    at++;
  }
}

/* Does the question name a host of the list? It is read once a row. A top-level name has a dot before it. */
static int question_names(Reader *r, const Span *list, size_t n) {
  Span q = r->question;
  r->question.len = 0;
  for (size_t i = 0; i < q.len && !r->asked; i++)
    for (size_t k = 0; k < n && !r->asked; k++) {
      int whole = memchr(list[k].ptr, '.', list[k].len) != NULL || (i > 0 && q.ptr[i - 1] == '.');
      r->asked = whole && list[k].len > 0 && rules_begins(span_of(q.ptr + i, q.len - i), list[k]);
    }
  return r->asked;
}

/* Is a host's name one that no host has? Lists and addresses are counted on the way. */
static int judge_host(Reader *r, Span host, size_t start, size_t end) {
  const RuleSetup *s = r->s;
  size_t ns = (size_t)s->number[NSHORTENERS], np = (size_t)s->number[NPLACEHOLDERS];
  unsigned quad[4];
  if (ns > s->nwords) ns = s->nwords;
  if (np > s->nwords - ns) np = s->nwords - ns;
  int address = read_quad(host, quad);
  if (address > 0 && is_public(quad)) count(&r->out[IP_HOSTS], start, end);
  if (address != 0) return address < 0;
  if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
  if (is_listed(host, s->word, ns)) count(&r->out[SHORTENERS], start, end);
  int quoted = start > 0 && memchr("\"'", r->text[start - 1], 2) != NULL;
  if (!quoted && is_listed(host, s->word + ns, np) && !question_names(r, s->word + ns, np))
    count(&r->out[PLACEHOLDERS], start, end);
  if (host.len == 3 && rules_begins(host, span_str("www"))) return 1;
  int cut = host.len > 4 && rules_begins(host, span_str("www.")) &&
            memchr(host.ptr + 4, '.', host.len - 4) == NULL;
  int doubled = (host.len == 4 && rules_begins(host, span_str("http"))) ||
                (host.len == 5 && rules_begins(host, span_str("https")));
  return cut || doubled || !good_labels(host);
}

static int judge_authority(Reader *r, const Url *u, size_t start, size_t end) {
  Span a = u->authority;
  const char *user = memrchr(a.ptr, '@', a.len);
  size_t skip = user != NULL ? (size_t)(user - a.ptr) + 1 : 0;
  a = span_of(a.ptr + skip, a.len - skip);
  if (a.len > 0 && a.ptr[0] == '[') {
    const char *close = memchr(a.ptr, ']', a.len);
    int public = close == NULL ? -1 : is_public6(span_of(a.ptr + 1, (size_t)(close - a.ptr - 1)));
    if (public > 0) count(&r->out[IP_HOSTS], start, end);
    return public < 0 && close != NULL && memchr(a.ptr, ':', a.len) != NULL;   /* [host] is a template */
  }
  if (is_template(a)) return 0;
  const char *port = memchr(a.ptr, ':', a.len);
  Span host = span_of(a.ptr, port != NULL ? (size_t)(port - a.ptr) : a.len);
  int bad = port != NULL && bad_port(span_of(port + 1, a.len - host.len - 1));
  return judge_host(r, host, start, end) || bad;
}

/* Reads the URL whose authority begins at `authority`; returns the place behind it. */
static const char *read_url(Reader *r, const char *begin, const char *authority, const char *end, int malformed) {
  const char *name = authority;
  while (name < end && *name == '.') name++;
  if (name == end || memchr("/?#", *name, 3) != NULL) return name;   /* dots alone; where the URL ends is not asked */
  const char *stop = url_end(authority, end);
  Url u;
  int named = 0;
  split_url(begin, authority, stop, &u);
  for (size_t i = 0; i < u.authority.len && !named; i++) named = u.authority.ptr[i] != '.';
  if (!named) return authority;   /* "begins with https://…" */
  size_t from = (size_t)(begin - r->text), to = (size_t)(stop - r->text);
  count(&r->out[URLS], from, to);
  r->linked += rules_points(u.whole);
  if (judge_authority(r, &u, from, to) || bad_escape(u.whole)) malformed = 1;
  if (malformed) count(&r->out[MALFORMED], from, to);
  count_tracking(r, &u);
  return stop;
}

/* Does a name with a dot inside stand at p, whose last label is of letters? */
static int is_hostlike(const char *p, const char *end) {
  const char *dot = NULL, *from = p;
  for (; p < end && (rules_letter(*p) || rules_digit(*p) || *p == '.' || *p == '-'); p++)
    if (*p == '.' && p > from && p + 1 < end && rules_letter(p[1])) dot = p;
  return dot != NULL;
}

/* One letter too many, too few or wrong. */
static int one_off(Span a, Span b) {
  size_t head = 0, tail = 0, shorter = a.len < b.len ? a.len : b.len;
  if (a.len > b.len + 1 || b.len > a.len + 1) return 0;
  while (head < shorter && rules_lower(a.ptr[head]) == b.ptr[head]) head++;
  while (tail < shorter - head && rules_lower(a.ptr[a.len - tail - 1]) == b.ptr[b.len - tail - 1]) tail++;
  size_t longer = a.len > b.len ? a.len : b.len;
  return longer - head - tail <= 1;
}

typedef enum Scheme { SCHEME_NONE, SCHEME_WEB, SCHEME_MISSPELT } Scheme;

static Scheme scheme_of(Span s) {
  Span http = span_str("http"), https = span_str("https"), ftp = span_str("ftp");
  if ((s.len == 4 && rules_begins(s, http)) || (s.len == 5 && rules_begins(s, https)) ||
      (s.len == 3 && rules_begins(s, ftp)))
    return SCHEME_WEB;
  return one_off(s, http) || one_off(s, https) ? SCHEME_MISSPELT : SCHEME_NONE;
}

/* A colon stands at p: reads the URL whose scheme it ends, if any. Returns where to read on. */
static const char *at_colon(Reader *r, const char *line, const char *p, const char *end) {
  const char *begin = p, *a = p + 1;
  while (begin > line && p - begin < 7 && rules_letter(begin[-1])) begin--;
  if (begin == p || (begin > line && (rules_digit(begin[-1]) || rules_letter(begin[-1])))) return a;
  Scheme scheme = scheme_of(span_of(begin, (size_t)(p - begin)));
  if (scheme == SCHEME_NONE) return a;
  if (a < end && *a == ':' && scheme == SCHEME_WEB) a++;
  int twice = a > p + 1, slashes = 0, back = 0;
  for (; a < end && (*a == '/' || *a == '\\') && slashes < 4; a++, slashes++) back |= *a == '\\';
  if (scheme == SCHEME_WEB && slashes == 2 && !twice && !back) {
    if (end - a > 1 && *a == ' ' && is_hostlike(a + 1, end)) return read_url(r, begin, a + 1, end, 1);
    return read_url(r, begin, a, end, 0);
  }
  int wrong = scheme == SCHEME_WEB ? slashes > 0 : slashes == 2;
  return wrong && is_hostlike(a, end) ? read_url(r, begin, a, end, 1) : p + 1;
}

/* A word begins at p with w or h: "www.a.org", or "http//a.org". */
static const char *at_word(Reader *r, const char *p, const char *end) {
  Span rest = span_of(p, (size_t)(end - p));
  if (rules_begins(rest, span_str("www.")) && rest.len > 4 && is_word(p[4])) return read_url(r, p, p, end, 0);
  size_t cut = rules_begins(rest, span_str("http//")) ? 6 : rules_begins(rest, span_str("https//")) ? 7 : 0;
  return cut > 0 && is_hostlike(p + cut, end) ? read_url(r, p, p + cut, end, 1) : p + 1;
}

/* ---- links ---- */

enum { WALKS = 16 };     /* times that a line may be looked through for the ends of its links */

typedef struct Brackets {
  const char *open[8];   /* the innermost ones of this line */
  size_t n;
  int unclosed;          /* a parenthesis was looked for to the end of the line in vain */
  size_t left;           /* bytes that may still be looked through for them: links in links in links are none */
} Brackets;

static void push(Brackets *b, const char *at) {
  if (b->n == 8) memmove(b->open, b->open + 1, 7 * sizeof *b->open), b->n--;
  b->open[b->n++] = at;
}

static const char *closing(Brackets *b, const char *p, const char *end) {
  int depth = 0;
  if (b->unclosed) return NULL;
  for (; p < end && b->left > 0; p++, b->left--) {
    if (*p == '(') depth++;
    else if (*p == ')' && depth-- == 0) return p;
  }
  b->unclosed = 1;
  return NULL;
}

static int is_target(const char *p, const char *end) {
  Span t = span_of(p, (size_t)(end - p));
  return rules_begins(t, span_str("http")) || rules_begins(t, span_str("www.")) ||
         rules_begins(t, span_str("mailto:")) || (t.len > 1 && *p == '/' && is_word(p[1]));
}

static int has_letter(const char *p, const char *end) {
  while (p < end && !is_word(*p)) p++;
  return p < end && !rules_digit(*p);
}

/* "](" stands at p. Code has such brackets too: a call of an element, a lambda with captures. */
static void at_link(Reader *r, Brackets *b, const char *line, const char *p, const char *end) {
  const char *open = b->open[--b->n], *target = p + 2, *close = closing(b, target, end), *after;
  int image = open > line && open[-1] == '!';
  const char *before = open;
  while (before > line && before[-1] == ' ') before--;
  if (before > line && before[-1] == '=') return;   /* a new list of Swift: = [Int]() */
  if (open > line && (is_word(open[-1]) || memchr(")]_", open[-1], 3) != NULL)) return;
  while (target < end && (*target == ' ' || *target == '<')) target++;
  size_t start = (size_t)(open - r->text);
  if (close == NULL) {
    if (b->left > 0 && is_target(target, end)) count(&r->out[BROKEN], start, (size_t)(end - r->text));
    return;
  }
  size_t stop = (size_t)(close + 1 - r->text);
  int empty = target >= close || *target == '>';
  for (after = close + 1; after < end && *after == ' ';) after++;
  int lambda = after < end && (*after == '{' || (*after == '-' && end - after > 1 && after[1] == '>'));
  if (empty && !lambda && has_letter(open + 1, p) && memchr("&=*", open[1], 3) == NULL)
    count(&r->out[BROKEN], start, stop);
  const char *shown = open + 1;
  while (shown < p && rules_blank(*shown)) shown++;
  if (shown == p && !image && !empty && is_target(target, close)) count(&r->out[EMPTY_TEXT], start, stop);
}

/* ---- the text ---- */

static void read_line(Reader *r, Span l) {
  const char *p = l.ptr, *end = p + l.len;
  Brackets b = { .left = WALKS * l.len };
  int code = r->s->number[CODE] != 0;
  r->chars += rules_points(l);
  while (p < end) {
    const char *close;
    int word = p == l.ptr || (!is_word(p[-1]) && memchr(".@/-_", p[-1], 5) == NULL);
    switch (*p) {
      case '`':
        close = code ? NULL : memchr(p + 1, '`', (size_t)(end - p - 1));
        p = close != NULL ? close + 1 : p + 1;
        break;
      case '[': push(&b, p++); break;
      case ']':
        if (b.n > 0 && p + 1 < end && p[1] == '(') at_link(r, &b, l.ptr, p, end);
        else if (b.n > 0) b.n--;
        p++;
        break;
      case ':': p = at_colon(r, l.ptr, p, end); break;
      case 'w': case 'W': case 'h': case 'H': p = word ? at_word(r, p, end) : p + 1; break;
      default: p++;
    }
  }
}

static int is_fence(Span l) {
  if (l.len < 3 || (memcmp(l.ptr, "```", 3) != 0 && memcmp(l.ptr, "~~~", 3) != 0)) return 0;
  return l.len == 3 || memchr(l.ptr + 3, l.ptr[0], l.len - 3) == NULL;
}

static void run(const RuleSetup *s, Span text, Span against, void *room_, Finding *out) {
  (void)room_;
  Reader r = { s, against, 0, text.ptr, out, 0, 0 };
  size_t at = 0;
  int fenced = 0;
  for (int m = URLS; m <= EMPTY_TEXT; m++) out[m].value = 0;
  for (Span l; (l = rules_line(text, &at)).ptr != NULL;) {
    if (is_fence(l)) fenced = !fenced;
    else if (!fenced || s->number[CODE] != 0) read_line(&r, l);
  }
  if (r.chars > 0 && (double)r.chars >= s->number[MIN_CHARS])
    out[RATIO] = (Finding){ (double)r.linked / (double)r.chars, out[URLS].start, out[URLS].end };
}

const RuleKernel rules_urls = { "urls", MEASURES, NUMBERS, room, run };
