/* modules/http/request.c - see request.h */
#include "http/request.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#ifdef HAVE_CURL
#include <curl/curl.h>
_Static_assert(sizeof(HeaderLine) == sizeof(struct curl_slist) &&
               offsetof(HeaderLine, data) == offsetof(struct curl_slist, data) &&
               offsetof(HeaderLine, next) == offsetof(struct curl_slist, next), "a header line is a curl_slist");
#endif

int header_same(const char *a, const char *b) { return strcasecmp(a, b) == 0; }

static int is_token(const char *s) {
  if (*s == '\0') return 0;
  for (; *s != '\0'; s++) {
    int letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');
    if (!letter && strchr("!#$%&'*+-.^_`|~", *s) == NULL) return 0;
  }
  return 1;
}

static int is_value(const char *s) {
  for (; *s != '\0'; s++)
    if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f) return 0;
  return 1;
}

int header_check(const HttpHeader *h, Error *err) {
  if (!is_token(h->name)) return error_set(err, "a header's name is made of letters, digits and hyphens");
  if (!is_value(h->value)) return error_set(err, "the header %s holds a control character", h->name);
  return 0;
}

static int is_method(const char *m) {
  static const char *const known[] = { "GET", "POST", "PUT", "DELETE", "PATCH" };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(m, known[i]) == 0) return 1;
  return 0;
}

static const HttpHeader *among(const char *name, const HttpHeader *header, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (header_same(name, header[i].name)) return &header[i];
  return NULL;
}

static int part_check(const HttpPart *p, Error *err) {
  const char *text[] = { p->name, p->filename, p->content_type };
  for (size_t i = 0; i < 3; i++)
    if (text[i] != NULL && !is_value(text[i]))
      return error_set(err, "a name or type of a multipart part holds a control character");
  if ((p->body.ptr == NULL) == (p->file == NULL)) return error_set(err, "a multipart part has either a body or a file");
  return 0;
}

static int check(const HttpRequest *r, const RequestFrame *f, Error *err) {
  if (url_path_check(r->path, err) != 0) return -1;
  if (r->method != NULL && !is_method(r->method))
    return error_set(err, "the method is GET, POST, PUT, PATCH or DELETE");
  int body = r->body.ptr != NULL || r->npieces > 0;
  if (body && r->nparts > 0) return error_set(err, "a request has a body or parts, not both");
  if (r->method != NULL && strcmp(r->method, "GET") == 0 && (body || r->nparts > 0))
    return error_set(err, "a GET request has no body");
  for (size_t i = 0; i < r->nheaders; i++) {
    if (header_check(&r->header[i], err) != 0) return -1;
    if (among(r->header[i].name, f->fixed, f->nfixed) != NULL)
      return error_set(err, "a request may not set the header %s", r->header[i].name);
  }
  for (size_t i = 0; i < r->nparts; i++)
    if (part_check(&r->part[i], err) != 0) return -1;
  for (int i = 0; i < PACE_BUCKETS; i++)
    if (!(r->need[i] >= 0 && r->need[i] < 1e15)) return error_set(err, "a request needs 0 tokens or more");
  if (!(r->delay_s >= 0 && r->delay_s < 1e9)) return error_set(err, "a delay is 0 seconds or more");
  return 0;
}

/* The block is filled twice: once to count its bytes, with at == NULL, and once for good. */
typedef struct Block { char *at; size_t n; } Block;

static void *take(Block *b, size_t n) {
  size_t from = (b->n + 7) & ~(size_t)7;
  b->n = from + n;
  return b->at != NULL ? b->at + from : NULL;
}

static char *take_text(Block *b, const char *ptr, size_t len) {
  char *p = take(b, len + 1);
  if (p != NULL) {
    memcpy(p, ptr, len);
    p[len] = '\0';
  }
  return p;
}

static const char *take_string(Block *b, const char *s) { return s == NULL ? NULL : take_text(b, s, strlen(s)); }

static HeaderLine **take_line(Block *b, HeaderLine **link, const HttpHeader *h) {
  HeaderLine *line = take(b, sizeof *line);
  size_t n = strlen(h->name), v = strlen(h->value);
  char *text = take(b, n + v + 3);
  if (line == NULL || text == NULL) return link;
  /* libcurl spells a header without a value "name;" */
  if (v == 0) snprintf(text, n + 3, "%s;", h->name);
  else snprintf(text, n + v + 3, "%s: %s", h->name, h->value);
  *line = (HeaderLine){ .data = text };
  *link = line;
  return &line->next;
}

static void take_lines(Block *b, Request *out, const HttpRequest *r, const RequestFrame *f) {
  HeaderLine *first = NULL, **link = &first;
  for (size_t i = 0; i < f->nheaders; i++) {
    int own_type = r->nparts > 0 && header_same(f->header[i].name, "content-type");   /* it names the boundary */
    if (!own_type && among(f->header[i].name, r->header, r->nheaders) == NULL) link = take_line(b, link, &f->header[i]);
  }
  for (size_t i = 0; i < r->nheaders; i++) link = take_line(b, link, &r->header[i]);
  *link = f->tail;
  if (out != NULL) out->line = first;
}

static void take_parts(Block *b, Request *out, const HttpRequest *r) {
  HttpPart *part = take(b, r->nparts * sizeof *part);
  for (size_t i = 0; i < r->nparts; i++) {
    const HttpPart *p = &r->part[i];
    HttpPart copy = { take_string(b, p->name), take_string(b, p->filename), take_string(b, p->content_type),
                      { NULL, p->body.len }, take_string(b, p->file) };
    if (p->body.ptr != NULL) copy.body.ptr = take_text(b, p->body.ptr, p->body.len);
    if (part != NULL) part[i] = copy;
  }
  if (out == NULL) return;
  out->part = part;
  out->nparts = r->nparts;
}

static Span take_body(Block *b, const HttpRequest *r) {
  if (r->npieces == 0) return span_of(r->body.ptr != NULL ? take_text(b, r->body.ptr, r->body.len) : NULL, r->body.len);
  size_t len = 0;
  for (size_t i = 0; i < r->npieces; i++) len += r->piece[i].len;
  char *body = take(b, len + 1), *at = body;
  if (body == NULL) return span_of(NULL, len);
  for (size_t i = 0; i < r->npieces; at += r->piece[i++].len) memcpy(at, r->piece[i].ptr, r->piece[i].len);
  *at = '\0';
  return span_of(body, len);
}

static Request *fill(Block *b, const HttpRequest *r, const RequestFrame *f) {
  Request *out = take(b, sizeof *out);
  int sends = r->body.ptr != NULL || r->npieces > 0 || r->nparts > 0;
  const char *method = r->method != NULL ? r->method : sends ? "POST" : "GET";
  size_t base = strlen(f->base);
  char *url = take(b, base + r->path.len + 1);
  method = take_string(b, method);
  const char *file = take_string(b, r->to_file);
  Span body = take_body(b, r);
  if (out != NULL && url != NULL) {
    memcpy(url, f->base, base);
    memcpy(url + base, r->path.ptr, r->path.len);
    url[base + r->path.len] = '\0';
    *out = (Request){ .item = { .id = r->id, .priority = r->priority }, .method = method, .url = url, .to_file = file,
                      .body = body, .max_reply_bytes = r->max_reply_bytes };
    memcpy(out->need, r->need, sizeof out->need);
    out->need[PACE_REQUESTS] = 1;
  }
  take_lines(b, out, r, f);
  take_parts(b, out, r);
  return out;
}

Request *request_new(const HttpRequest *r, const RequestFrame *frame, Error *err) {
  if (check(r, frame, err) != 0) return NULL;
  Block count = { 0 };
  fill(&count, r, frame);
  Block block = { .at = malloc(count.n) };
  if (block.at == NULL) {
    error_memory(err);
    return NULL;
  }
  return fill(&block, r, frame);
}

void request_free(Request *r) { free(r); }
