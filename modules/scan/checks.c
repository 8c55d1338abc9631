/* modules/scan/checks.c - see checks.h */
#include "scan/checks.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "scan/hosts.h"
#include "scan/ids.h"
#include "scan/shapes.h"

static int digit(char c) { return c >= '0' && c <= '9'; }
static int letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static int alnum(char c) { return digit(c) || letter(c); }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* The byte before or behind the match, k away; 0 past the text. */
static char before(const ScanCandidate *c, size_t k) { return c->start >= k ? c->text.ptr[c->start - k] : 0; }
static char behind(const ScanCandidate *c, size_t k) {
  return c->end + k - 1 < c->text.len ? c->text.ptr[c->end + k - 1] : 0;
}

static int luhn(const char *d, size_t n) {
  unsigned sum = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned v = (unsigned)(d[n - 1 - i] - '0');
    if (i % 2 == 1) v = v < 5 ? 2 * v : 2 * v - 9;
    sum += v;
  }
  return sum % 10 == 0;
}

/* Copies up to cap digits of the match; how many there are. */
static size_t take_digits(const ScanCandidate *c, char *d, size_t cap) {
  size_t n = 0;
  for (size_t i = c->start; i < c->end; i++) {
    if (!digit(c->text.ptr[i])) continue;
    if (n < cap) d[n] = c->text.ptr[i];
    n++;
  }
  return n;
}

static unsigned number(const char *d, size_t n) {
  unsigned v = 0;
  for (size_t i = 0; i < n; i++) v = 10 * v + (unsigned)(d[i] - '0');
  return v;
}

static int check_luhn(ScanCandidate *c) {
  char d[64];
  size_t n = take_digits(c, d, sizeof d);
  return n >= 2 && n <= sizeof d && luhn(d, n);
}

/* ---- cards ---- */

/* Leading digits of issuers, as a range of numbers of so many digits, and their lengths. */
typedef struct Issuer { unsigned char digits; unsigned first, last; unsigned char min, max; } Issuer;
static const Issuer ISSUERS[] = {
  { 1, 4, 4, 13, 19 },               /* Visa: 13, 16, 19 */
  { 2, 51, 55, 16, 16 },             /* Mastercard */
  { 4, 2221, 2720, 16, 16 },
  { 2, 34, 34, 15, 15 }, { 2, 37, 37, 15, 15 },             /* American Express */
  { 4, 6011, 6011, 16, 19 }, { 3, 644, 649, 16, 19 }, { 2, 65, 65, 16, 19 },   /* Discover */
  { 2, 62, 62, 16, 19 },             /* UnionPay */
  { 3, 300, 305, 14, 14 }, { 4, 3095, 3095, 14, 14 }, { 2, 36, 36, 14, 14 }, { 2, 38, 39, 14, 14 },  /* Diners Club */
  { 4, 3528, 3589, 16, 19 }, { 4, 2131, 2131, 15, 15 }, { 4, 1800, 1800, 15, 15 },   /* JCB */
  { 4, 2200, 2204, 16, 19 },         /* Mir */
  { 4, 5018, 5018, 12, 19 }, { 4, 5020, 5020, 12, 19 }, { 4, 5038, 5038, 12, 19 },   /* Maestro */
  { 2, 56, 58, 12, 19 }, { 4, 6304, 6304, 12, 19 }, { 4, 6390, 6390, 12, 19 },
  { 4, 6759, 6759, 12, 19 }, { 4, 6761, 6763, 12, 19 },
};

/* Lengths as cards are issued. 14, 15 and 17 digits are allowed to Maestro and its like, and issued to
** nobody: there such a number is rather a card's with a digit too many or too few. */
static int issued(const char *d, size_t n) {
  if (d[0] == '4') return n == 13 || n == 16 || n == 19;
  if (n == 17 || (d[0] != '3' && d[0] != '2' && d[0] != '1' && (n == 14 || n == 15))) return 0;
  for (size_t i = 0; i < sizeof ISSUERS / sizeof *ISSUERS; i++) {
    const Issuer *s = &ISSUERS[i];
    unsigned head = number(d, s->digits);
    if (head >= s->first && head <= s->last && n >= s->min && n <= s->max) return 1;
  }
  return 0;
}

/* How cards group their digits when not in one run. */
static const unsigned char SHAPES[][6] = {
  { 4, 4, 4, 4, 3 }, { 4, 4, 4, 4 }, { 4, 6, 5 }, { 4, 6, 4 }, { 4, 3, 3, 3 }, { 8, 8 },
};

/* The run of digits at i; how many there are. */
static size_t run_at(Span t, size_t i) {
  size_t n = 0;
  while (i + n < t.len && digit(t.ptr[i + n])) n++;
  return n;
}

/* The digits of shape at the match's start, with one kind of separator: their count, and where
** they end; 0 if they are grouped otherwise. */
static size_t take_shape(const ScanCandidate *c, const unsigned char *shape, char *d, size_t *end) {
  size_t at = c->start, n = 0;
  char separator = 0;
  for (size_t g = 0; shape[g] != 0; g++) {
    if (g > 0) {
      char s = at < c->text.len ? c->text.ptr[at] : 0;
      if ((s != ' ' && s != '-') || (separator != 0 && s != separator)) return 0;
      separator = s;
      at++;
    }
    if (run_at(c->text, at) != shape[g]) return 0;
    memcpy(d + n, c->text.ptr + at, shape[g]);
    n += shape[g];
    at += shape[g];
  }
  *end = at;
  return n;
}

/* A run of four digits right beside the match: rather a column of numbers than a card. */
static int among_groups(const ScanCandidate *c, size_t end) {
  size_t at = c->start;
  char separator = c->text.ptr[at + 4];
  if (at >= 5 && c->text.ptr[at - 1] == separator && digit(c->text.ptr[at - 2]) &&
      digit(c->text.ptr[at - 3]) && digit(c->text.ptr[at - 4]) && digit(c->text.ptr[at - 5]))
    return 1;
  return end < c->text.len && c->text.ptr[end] == separator && run_at(c->text, end + 1) == 4;
}

static int check_card(ScanCandidate *c) {
  char d[24];
  size_t n = run_at(c->text, c->start), end = c->start + n;
  if (digit(before(c, 1)) || (before(c, 1) == '.' && digit(before(c, 2)))) return 0;
  if (n >= 12) {
    if (n > 19) return 0;
    memcpy(d, c->text.ptr + c->start, n);
    c->end = end;
    if (before(c, 1) == '-' && alnum(before(c, 2))) return 0;   /* a part of a longer number */
    if ((behind(c, 1) == '-' || behind(c, 1) == '.') && alnum(behind(c, 2)) && !letter(behind(c, 2))) return 0;
    return issued(d, n) && luhn(d, n);
  }
  for (size_t s = 0; s < sizeof SHAPES / sizeof *SHAPES; s++) {
    n = take_shape(c, SHAPES[s], d, &end);
    if (n == 0 || !issued(d, n) || !luhn(d, n) || among_groups(c, end)) continue;
    c->end = end;
    return 1;
  }
  return 0;
}

/* ---- US social security numbers ---- */

static int check_ssn(ScanCandidate *c) {
  char d[9];
  if (take_digits(c, d, sizeof d) != 9) return 0;
  unsigned area = number(d, 3), group = number(d + 3, 2), serial = number(d + 5, 4);
  if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0) return 0;
  /* printed on sample cards, used by thousands, and void since */
  return !(area == 78 && group == 5 && serial == 1120) && !(area == 219 && group == 9 && serial == 9999);
}

/* ---- addresses ---- */

static int same_word(Span text, size_t end, const char *word) {
  size_t n = strlen(word);
  if (end < n || (end > n && alnum(text.ptr[end - n - 1]))) return 0;
  for (size_t i = 0; i < n; i++)
    if (lower(text.ptr[end - n + i]) != word[i]) return 0;
  return 1;
}

/* Whether what stands before the match says that it is a version: "version 1.2.3.4", "v1.2.3.4",
** "pkg==1.2.3.4", "Chrome/120.0.6099.71". */
static int is_version(const ScanCandidate *c) {
  static const char *const WORDS[] = { "v", "ver", "version", "versions", "release", "rel", "build", "firmware", "fw", "sdk" };
  size_t i = c->start;
  if (before(c, 1) == '/' && letter(before(c, 2))) return 1;
  if (before(c, 1) == '^' || before(c, 1) == '~' || (before(c, 1) == '=' && before(c, 2) == '=')) return 1;
  while (i > 0 && c->start - i < 4 && strchr(" .:=\t#\"'(", c->text.ptr[i - 1]) != NULL) i--;
  for (size_t w = 0; w < sizeof WORDS / sizeof *WORDS; w++)
    if (same_word(c->text, i, WORDS[w])) return 1;
  return 0;
}

/* Name servers that programs and handbooks name, as they are of nobody in person: Google's, Cloudflare's, Quad9's and
** OpenDNS's. Those of small numbers (8.8.8.8, 1.1.1.1, 9.9.9.9) pass for versions already. */
static int is_public_resolver(Span address) {
  static const char *const KNOWN[] = { "1.0.0.1", "149.112.112.112", "208.67.222.222", "208.67.220.220" };
  for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
    if (span_eq(address, span_str(KNOWN[i]))) return 1;
  return 0;
}

static int is_public_resolver6(const unsigned char a[16]) {
  static const char *const KNOWN[] = { "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111",
                                       "2606:4700:4700::1001", "2620:fe::fe", "2620:fe::9" };
  unsigned char b[16];
  for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
    if (inet_pton(AF_INET6, KNOWN[i], b) == 1 && memcmp(a, b, sizeof b) == 0) return 1;
  return 0;
}

static int check_ipv4(ScanCandidate *c) {
  unsigned o[4] = { 0 };
  size_t i = c->start, k;
  for (k = 0; k < 4; k++, i++) {
    size_t n = run_at(c->text, i);
    if (n == 0 || n > 3 || (n > 1 && c->text.ptr[i] == '0')) return 0;
    o[k] = number(c->text.ptr + i, n);
    if (o[k] > 255) return 0;
    i += n;
  }
  if (c->strict) return 1;
  if (o[0] == 127 || o[0] == 0 || o[0] == 255) return 0;                       /* loopback, none, masks */
  if (o[1] == 0 && o[2] == 0 && o[3] == 0) return 0;                           /* a network's number */
  if (o[0] < 10 && o[1] < 10 && o[2] < 10 && o[3] < 10) return 0;              /* rather a version */
  if ((o[0] == 192 && o[1] == 0 && o[2] == 2) || (o[0] == 198 && o[1] == 51 && o[2] == 100) ||
      (o[0] == 203 && o[1] == 0 && o[2] == 113)) return 0;                     /* RFC 5737 */
  if (is_public_resolver(span_of(c->text.ptr + c->start, i - 1 - c->start))) return 0;
  if (behind(c, 1) == '-' && letter(behind(c, 2))) return 0;                   /* 1.2.3.4-beta */
  return !is_version(c);
}

static int check_ipv6(ScanCandidate *c) {
  char s[INET6_ADDRSTRLEN];
  unsigned char a[16];
  size_t len = c->end - c->start;
  if (len < 3 || len >= sizeof s) return 0;
  memcpy(s, c->text.ptr + c->start, len);
  s[len] = '\0';
  if (inet_pton(AF_INET6, s, a) != 1) return 0;
  size_t digits = 0, colons = 0;
  for (size_t i = 0; i < len; i++) {
    digits += (size_t)digit(s[i]);
    colons += s[i] == ':';
  }
  if (digits == 0 || colons < 3) return 0;                 /* dead::beef is rather a name in a program */
  if (c->strict) return 1;
  static const unsigned char DOCUMENTATION[4] = { 0x20, 0x01, 0x0D, 0xB8 };
  return memcmp(a, DOCUMENTATION, 4) != 0 && !is_public_resolver6(a);
}

/* Whether domain (lower or upper case) is `name` or ends in "." name. */
static int under(Span domain, const char *name) {
  size_t n = strlen(name);
  if (domain.len < n || (domain.len > n && domain.ptr[domain.len - n - 1] != '.')) return 0;
  for (size_t i = 0; i < n; i++)
    if (lower(domain.ptr[domain.len - n + i]) != name[i]) return 0;
  return 1;
}

/* Is what stands before byte `at` "scheme://user:", so that the address is a password and its host? */
static int after_user(Span text, size_t at) {
  enum { FARTHEST = 300 };
  int colon = 0;
  for (size_t i = at; i > 2 && at - i < FARTHEST; i--) {
    char ch = text.ptr[i - 1];
    if (ch == '/') return colon && text.ptr[i - 2] == '/' && text.ptr[i - 3] == ':';
    if ((unsigned char)ch <= ' ' || strchr("\"'<>\\?#", ch) != NULL) return 0;
    colon |= ch == ':';
  }
  return 0;
}

static int check_email(ScanCandidate *c) {
  static const char *const RESERVED[] = { "example.com", "example.net", "example.org", "example.edu",
                                          "example", "test", "invalid", "localhost" };
  static const char *const FILES[] = { "png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "json", "html", "htm", "php", "txt", "xml", "yml", "yaml" };
  while (c->start < c->end && !alnum(c->text.ptr[c->start]) && c->text.ptr[c->start] != '_') c->start++;
  const char *at = memchr(c->text.ptr + c->start, '@', c->end - c->start);
  if (at == NULL || at == c->text.ptr + c->start || after_user(c->text, c->start)) return 0;
  Span domain = span_of(at + 1, (size_t)(c->text.ptr + c->end - at - 1));
  if (c->strict) return 1;
  for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++)
    if (under(domain, RESERVED[i])) return 0;
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
    if (under(domain, FILES[i])) return 0;
  return 1;
}

/* ---- phone numbers ---- */

/* Digits of the national number behind a country code (ITU E.164; lengths as the countries' own
** plans have them). A code that is not listed takes 6 to 12. */
typedef struct Plan { unsigned short code; unsigned char min, max; } Plan;
static const Plan PLANS[] = {
  { 1, 10, 10 }, { 7, 10, 10 }, { 20, 8, 10 }, { 27, 9, 9 }, { 30, 10, 10 }, { 31, 9, 9 }, { 32, 8, 9 },
  { 33, 9, 9 }, { 34, 9, 9 }, { 36, 8, 9 }, { 39, 6, 11 }, { 40, 9, 9 }, { 41, 9, 9 }, { 43, 4, 13 },
  { 44, 9, 10 }, { 45, 8, 8 }, { 46, 7, 9 }, { 47, 8, 8 }, { 48, 9, 9 }, { 49, 6, 11 }, { 51, 8, 9 },
  { 52, 10, 11 }, { 54, 10, 11 }, { 55, 10, 11 }, { 56, 9, 9 }, { 57, 8, 10 }, { 60, 8, 10 }, { 61, 9, 9 },
  { 62, 7, 12 }, { 63, 8, 10 }, { 64, 8, 10 }, { 65, 8, 8 }, { 66, 8, 9 }, { 81, 9, 10 }, { 82, 8, 11 },
  { 84, 8, 10 }, { 86, 9, 11 }, { 90, 10, 10 }, { 91, 10, 10 }, { 92, 9, 10 }, { 98, 10, 10 },
  { 234, 8, 10 }, { 254, 9, 9 }, { 351, 9, 9 }, { 352, 6, 11 }, { 353, 7, 9 }, { 358, 5, 12 },
  { 380, 9, 9 }, { 420, 9, 9 }, { 852, 8, 8 }, { 880, 8, 10 }, { 966, 9, 9 }, { 971, 8, 9 }, { 972, 8, 9 },
};

/* Digits of the country code at d; the whole plan is prefix-free. */
static size_t code_digits(const char *d) {
  static const char TWO[] = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 "
                            "60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 ";
  if (d[0] == '1' || d[0] == '7') return 1;
  for (const char *p = TWO; *p != '\0'; p += 3)
    if (p[0] == d[0] && p[1] == d[1]) return 2;
  return 3;
}

/* North American Numbering Plan: area [2-9]xx and none of the services N11. The exchange is let
** be, since texts are full of 555-123-4567. */
static int nanp(const char *d) { return d[0] >= '2' && !(d[1] == '1' && d[2] == '1'); }

static int international(const char *d, size_t n) {
  if (n < 7 || n > 15 || d[0] == '0') return 0;
  size_t code = code_digits(d);
  unsigned value = number(d, code);
  if (code == 1 && d[0] == '1') return n == 11 && nanp(d + 1);
  for (size_t i = 0; i < sizeof PLANS / sizeof *PLANS; i++)
    if (PLANS[i].code == value) return n - code >= PLANS[i].min && n - code <= PLANS[i].max;
  return n - code >= 6 && n - code <= 12;
}

/* Narrows to the longest run of whole groups that makes an international number; an extension
** stays when it follows that. */
static int check_international(ScanCandidate *c) {
  char d[20];
  size_t n = 0, best = 0, body = c->start, last = c->start;
  while (body < c->end && !letter(c->text.ptr[body])) body++;
  for (size_t i = c->start; i < body && n < 16; i++) {
    if (!digit(c->text.ptr[i])) continue;
    last = i + 1;
    int trunk = n >= 1 && n <= 3 && c->text.ptr[i] == '0' &&
                c->text.ptr[i - 1] == '(' && last < body && c->text.ptr[last] == ')';
    if (trunk) continue;                       /* +46 (0)8: dialled at home only */
    d[n++] = c->text.ptr[i];
    if (last < c->text.len && digit(c->text.ptr[last])) continue;
    if (international(d, n)) best = last;
  }
  if (best == 0) return 0;
  if (best < last || body == c->end) c->end = best;
  return 1;
}

static int check_phone(ScanCandidate *c) {
  char d[20] = { 0 };
  if (c->text.ptr[c->start] == '+') return check_international(c);
  size_t n = take_digits(c, d, sizeof d);
  if (d[0] == '0' && d[1] != '0') return n == 10 && d[1] != '0';   /* French pairs */
  size_t skip = n >= 13 && memcmp(d, "001", 3) == 0 ? 3 : d[0] == '1' ? 1 : 0;
  return n >= skip + 10 && nanp(d + skip);
}

/* ---- the table ---- */

static const struct { const char *name; ScanCheck check; } CHECKS[] = {
  { "card", check_card }, { "luhn", check_luhn }, { "ssn", check_ssn }, { "ipv4", check_ipv4 },
  { "ipv6", check_ipv6 }, { "email", check_email }, { "phone", check_phone },
  { "national_phone", check_national_phone }, { "date", check_date }, { "secret", check_secret },
  { "filled", check_filled }, { "assigned", check_assigned }, { "password", check_password },
  { "url", check_url }, { "domain", check_domain }, { "credentials", check_credentials }, { "mac", check_mac },
  { "iban", check_iban }, { "nhs", check_nhs }, { "nif", check_nif }, { "de_tax", check_de_tax },
  { "pesel", check_pesel }, { "aadhaar", check_aadhaar }, { "cpf", check_cpf },
};
enum { CHECK_COUNT = sizeof CHECKS / sizeof *CHECKS };

ScanCheck scan_check(Span name) {
  for (size_t i = 0; i < CHECK_COUNT; i++)
    if (span_eq(name, span_str(CHECKS[i].name))) return CHECKS[i].check;
  return NULL;
}

const char *scan_check_name(size_t i) { return i < CHECK_COUNT ? CHECKS[i].name : NULL; }
