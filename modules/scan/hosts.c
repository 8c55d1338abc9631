/* modules/scan/hosts.c - see hosts.h */
#include "scan/hosts.h"

static int digit(char c) { return c >= '0' && c <= '9'; }
static int letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* Is the word one of those in a list parted by blanks? Case does not count. */
static int listed(Span word, const char *list) {
  for (const char *p = list; *p != '\0';) {
    size_t n = strcspn(p, " ");
    size_t i = 0;
    while (i < n && i < word.len && lower(word.ptr[i]) == p[i]) i++;
    if (i == n && n == word.len) return 1;
    p += n + (p[n] == ' ');
  }
  return 0;
}

static const char COUNTRIES[] =
  "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf "
  "cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg "
  "gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn "
  "kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na "
  "nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh "
  "si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve "
  "vg vi vn vu wf ws ye yt za zm zw";
static const char GENERIC[] =
  "com org net edu gov mil int info biz name pro aero coop museum mobi jobs travel tel cat asia post xyz online site shop "
  "store tech app dev cloud blog top club live news today world life email website space fun link page agency digital "
  "media network systems solutions services group company team studio design art academy school university health care "
  "law bank finance money fund capital energy support help wiki work works land city london paris berlin nyc tokyo";
/* Endings that a sentence or a program is full of: words, files, members of things. */
static const char DOUBTFUL[] =
  "am an as at be by do id in is it la me my no so to us py rs sh md pl cc ps ml pm ai info name post pro app page link "
  "help live top work works art help team support group email news today world life fun media network design health care "
  "law bank money fund capital energy land city school cat tel jobs travel int st mo ms gs vi hm td tt sc sv es";

static Span last_label(Span host) {
  size_t i = host.len;
  while (i > 0 && host.ptr[i - 1] != '.') i--;
  return span_of(host.ptr + i, host.len - i);
}

static size_t labels(Span host) {
  size_t n = 1;
  for (size_t i = 0; i < host.len; i++) n += host.ptr[i] == '.';
  return n;
}

/* Whether host is `name` or ends in "." name. */
static int under(Span host, const char *name) {
  size_t n = strlen(name);
  if (host.len < n || (host.len > n && host.ptr[host.len - n - 1] != '.')) return 0;
  for (size_t i = 0; i < n; i++)
    if (lower(host.ptr[host.len - n + i]) != name[i]) return 0;
  return 1;
}

/* Is it a host of examples, or this machine? */
static int host_made_up(Span host) {
  static const char *const NAMES[] = { "example.com", "example.net", "example.org", "example.edu", "example", "test",
                                       "invalid", "localhost" };
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
    if (under(host, NAMES[i])) return 1;
  return host.len >= 4 && memcmp(host.ptr, "127.", 4) == 0;
}

int host_reserved(Span host) { return host_made_up(host) || under(host, "local") || under(host, "internal"); }

/* The host that begins at byte `at` of the match. */
static Span host_at(const ScanCandidate *c, size_t at) {
  size_t end = at;
  while (end < c->end && (digit(c->text.ptr[end]) || letter(c->text.ptr[end]) || strchr(".-", c->text.ptr[end]))) end++;
  while (end > at && strchr(".-", c->text.ptr[end - 1])) end--;
  return span_of(c->text.ptr + at, end - at);
}

/* Leaves off what closes a sentence, a quotation or brackets rather than an address. */
static void trim(ScanCandidate *c) {
  while (c->end > c->start && strchr(".,;:!?'\"*_", c->text.ptr[c->end - 1])) c->end--;
  if (c->end > c->start && strchr(")]", c->text.ptr[c->end - 1])) {
    char open = c->text.ptr[c->end - 1] == ')' ? '(' : '[';
    if (memchr(c->text.ptr + c->start, open, c->end - c->start) == NULL) {
      c->end--;
      trim(c);
    }
  }
}

int check_url(ScanCandidate *c) {
  trim(c);
  const char *p = memchr(c->text.ptr + c->start, '/', c->end - c->start);
  if (p == NULL) return 0;
  Span host = host_at(c, (size_t)(p - c->text.ptr) + 2), ending = last_label(host);
  if (labels(host) < 2 || (!listed(ending, COUNTRIES) && !listed(ending, GENERIC))) return 0;
  return c->strict || !host_reserved(host);
}

int check_domain(ScanCandidate *c) {
  trim(c);
  Span host = host_at(c, c->start), ending = last_label(host);
  int www = host.len > 4 && lower(host.ptr[0]) == 'w' && lower(host.ptr[1]) == 'w' && lower(host.ptr[2]) == 'w' &&
            host.ptr[3] == '.';
  if (host.ptr + host.len > c->text.ptr + c->end || labels(host) < (www ? 3u : 2u)) return 0;
  if (!listed(ending, COUNTRIES) && !listed(ending, GENERIC)) return 0;
  if (!www) {
    for (size_t i = 0; i < ending.len; i++)
      if (ending.ptr[i] != lower(ending.ptr[i])) return 0;       /* end.Next, ASP.NET */
    if (listed(ending, DOUBTFUL)) return 0;
    if (c->end < c->text.len && c->text.ptr[c->end] == '(') return 0;        /* a call */
  }
  return c->strict || !host_reserved(host);
}

int check_credentials(ScanCandidate *c) {
  const char *end = c->text.ptr + c->end, *slash = memchr(c->text.ptr + c->start, '/', c->end - c->start);
  if (slash == NULL || end - slash < 4) return 0;
  const char *colon = memchr(slash, ':', (size_t)(end - slash)), *at = end;
  while (at > slash && *at != '@') at--;
  if (colon == NULL || at <= colon + 1 || at + 1 >= end) return 0;
  Span host = host_at(c, (size_t)(at + 1 - c->text.ptr)), password = span_of(colon + 1, (size_t)(at - colon - 1));
  if (host.len == 0) return 0;
  if (c->strict) return 1;
  if (strchr("$<{[*", password.ptr[0]) != NULL) return 0;     /* ${PASSWORD}, <password> */
  return !host_made_up(host) && !listed(password, "password pass passwd pwd secret xxx xxxx xxxxx xxxxxx token");
}

static unsigned nibble(char c) { return digit(c) ? (unsigned)(c - '0') : (unsigned)(lower(c) - 'a') + 10; }

int check_mac(ScanCandidate *c) {
  static const unsigned char DOCUMENTATION[] = { 0x00, 0x00, 0x5E, 0x00, 0x53 };
  unsigned char b[6] = { 0 };
  size_t n = 0;
  for (size_t i = c->start; i < c->end; i++) {
    char ch = c->text.ptr[i];
    if (!digit(ch) && !letter(ch)) continue;
    if (n == 12) return 0;
    b[n / 2] = (unsigned char)(b[n / 2] << 4 | nibble(ch));
    n++;
  }
  if (n != 12) return 0;
  if (c->strict) return 1;
  unsigned all = 0xFF, any = 0;
  for (size_t i = 0; i < 6; i++) all &= b[i], any |= b[i];
  return any != 0 && all != 0xFF && memcmp(b, DOCUMENTATION, sizeof DOCUMENTATION) != 0;
}
