/* http1.c - HTTP/1.1 (RFC 9112): takes requests out of a connection's bytes, with Content-Length or in chunks,
** one after another where a client sends several at once; puts replies into its bytes, whole or broken as asked. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "server.h"

enum { HEAD_MAX = 64 * 1024, BODY_MAX = 300 * 1024 * 1024 };

const char *http_reason(int status) {
  static const struct { int status; const char *words; } REASON[] = {
    { 200, "OK" }, { 201, "Created" }, { 204, "No Content" }, { 301, "Moved Permanently" },
    { 307, "Temporary Redirect" }, { 400, "Bad Request" }, { 401, "Unauthorized" }, { 402, "Payment Required" },
    { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 408, "Request Timeout" },
    { 409, "Conflict" }, { 413, "Payload Too Large" }, { 422, "Unprocessable Entity" },
    { 424, "Failed Dependency" }, { 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" }, { 529, "Site is overloaded" },
  };
  for (size_t i = 0; i < sizeof REASON / sizeof *REASON; i++)
    if (REASON[i].status == status) return REASON[i].words;
  return "Unknown";
}

Span request_header(const Request *r, const char *name) {
  size_t n = strlen(name);
  const char *p = r->head.ptr, *end = p + r->head.len;
  while (p < end) {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    if (stop == NULL) stop = end;
    if ((size_t)(stop - p) > n && p[n] == ':' && strncasecmp(p, name, n) == 0) {
      const char *a = p + n + 1, *b = stop;
      while (a < b && (*a == ' ' || *a == '\t')) a++;
      while (b > a && (b[-1] == ' ' || b[-1] == '\t' || b[-1] == '\r')) b--;
      return span_of(a, (size_t)(b - a));
    }
    p = stop < end ? stop + 1 : end;
  }
  return (Span){ 0 };
}

Span request_query(const Request *r, const char *name) {
  size_t n = strlen(name);
  const char *p = r->query.ptr, *end = p + r->query.len;
  while (p != NULL && p < end) {
    const char *stop = memchr(p, '&', (size_t)(end - p));
    if (stop == NULL) stop = end;
    if ((size_t)(stop - p) > n && p[n] == '=' && memcmp(p, name, n) == 0)
      return span_of(p + n + 1, (size_t)(stop - p) - n - 1);
    p = stop + 1;
  }
  return (Span){ 0 };
}

/* ---- requests ---- */

static const char *find_end(Span in) {
  return in.len >= 4 ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;
}

/* "POST /v1/messages?x=y HTTP/1.1": 0, or the status that refuses it. */
static int parse_line(Span line, Request *r) {
  const char *a = memchr(line.ptr, ' ', line.len), *end = line.ptr + line.len;
  const char *b = a != NULL ? memchr(a + 1, ' ', (size_t)(end - a - 1)) : NULL;
  if (b == NULL || end - b != 9 || memcmp(b, " HTTP/1.", 8) != 0) return 400;
  Span target = span_of(a + 1, (size_t)(b - a - 1));
  if (target.len == 0 || target.ptr[0] != '/') return 400;
  const char *q = memchr(target.ptr, '?', target.len);
  r->method = span_of(line.ptr, (size_t)(a - line.ptr));
  r->path = q ? span_of(target.ptr, (size_t)(q - target.ptr)) : target;
  r->query = q ? span_of(q + 1, (size_t)(target.ptr + target.len - q - 1)) : (Span){ 0 };
  return 0;
}

/* A chunked body from p on: bytes it takes, 0 if more must come, -1 if malformed. */
static ssize_t parse_chunks(const char *p, size_t len, Buf *out) {
  size_t at = 0;
  out->len = 0;
  for (;;) {
    const char *nl = memchr(p + at, '\n', len - at);
    if (nl == NULL) return len - at > 64 ? -1 : 0;
    char *stop;
    unsigned long n = strtoul(p + at, &stop, 16);
    if (stop == p + at || n > BODY_MAX) return -1;
    at = (size_t)(nl + 1 - p);
    if (n == 0) {
      if (len - at < 2) return 0;
      return p[at] == '\r' && p[at + 1] == '\n' ? (ssize_t)(at + 2) : -1;
    }
    if (len - at < n + 2) return 0;
    if (buf_add(out, p + at, n) != 0) return -1;
    at += n + 2;
  }
}

static int refuse(Conn *c, int status) {
  buf_printf(&c->out, "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", status, http_reason(status));
  c->in_at = c->in.len;
  c->close_when_sent = true;
  conn_flush(c);
  return 0;
}

static void want_continue(Conn *c, const Request *r) {
  Span expect = request_header(r, "expect");
  if (c->continued || expect.ptr == NULL) return;
  c->continued = true;
  buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
  conn_flush(c);
}

/* Takes one request: 1 if it was whole, 0 if more must come or the connection is lost. */
static int take(Conn *c, Request *r) {
  Span in = span_of(c->in.ptr + c->in_at, c->in.len - c->in_at);
  if (in.len == 0 || in.len < c->need) return 0;
  const char *end = find_end(in);
  if (end == NULL) return in.len > HEAD_MAX ? refuse(c, 431) : 0;
  const char *nl = memchr(in.ptr, '\n', in.len);
  int bad = nl > in.ptr ? parse_line(span_of(in.ptr, (size_t)(nl - in.ptr) - 1), r) : 400;
  if (bad != 0) return refuse(c, bad);
  r->head = nl < end ? span_of(nl + 1, (size_t)(end + 2 - nl - 1)) : span_of(nl, 0);
  size_t head = (size_t)(end + 4 - in.ptr);
  if (request_header(r, "transfer-encoding").ptr != NULL) {
    ssize_t n = parse_chunks(in.ptr + head, in.len - head, &c->chunks);
    if (n < 0) return refuse(c, 400);
    if (n == 0) {
      want_continue(c, r);
      return 0;
    }
    r->body = buf_span(&c->chunks);
    c->in_at += head + (size_t)n;
    return 1;
  }
  Span length = request_header(r, "content-length");
  unsigned long n = 0;
  for (size_t i = 0; i < length.len; i++) {
    if (!isdigit((unsigned char)length.ptr[i]) || n > BODY_MAX) return refuse(c, n > BODY_MAX ? 413 : 400);
    n = n * 10 + (unsigned long)(length.ptr[i] - '0');
  }
  if (in.len < head + n) {
    c->need = head + n;
    want_continue(c, r);
    return 0;
  }
  r->body = span_of(in.ptr + head, n);
  c->in_at += head + n;
  return 1;
}

void http1_read(Conn *c) {
  Server *s = c->server;
  while (!c->dead && c->busy == NULL && !c->close_when_sent) {
    Request r = { .tls = c->ssl != NULL };
    if (!take(c, &r)) return;
    c->need = 0;
    c->continued = false;
    c->busy = exchange_new(s, c, 0);
    Span connection = request_header(&r, "connection");
    if (connection.len == 5 && strncasecmp(connection.ptr, "close", 5) == 0) c->ended = true;
    api_handle(s, &r, &c->busy->reply);
    exchange_later(s, c->busy, PHASE_SEND, c->busy->reply.delay_ns);
  }
}

/* ---- replies ---- */

void reply_header(Reply *p, const char *name, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  buf_printf(&p->head, "%s: %s\r\n", name, text);
}

void reply_text(Reply *p, int status, const char *type, const char *fmt, ...) {
  char text[4096];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  p->status = status;
  p->type = type;
  p->body.len = 0;
  buf_str(&p->body, text);
}

static void put_head(Conn *c, const Reply *p, int64_t length) {
  Buf *o = &c->out;
  int closes = c->ended || p->wire == WIRE_CLOSE || p->wire == WIRE_UNTIL_CLOSE;
  buf_printf(o, "HTTP/1.1 %d %s\r\n", p->status, http_reason(p->status));
  if (p->type != NULL) buf_printf(o, "content-type: %s\r\n", p->type);
  if (length >= 0) buf_printf(o, "content-length: %lld\r\n", (long long)length);
  else if (p->wire != WIRE_UNTIL_CLOSE) buf_str(o, "transfer-encoding: chunked\r\n");
  if (p->head.len > 0) buf_add(o, p->head.ptr, p->head.len);
  buf_str(o, closes ? "connection: close\r\n\r\n" : "\r\n");
}

static void put_chunk(Buf *o, const char *p, size_t n) {
  buf_printf(o, "%zx\r\n", n);
  buf_add(o, p, n);
  buf_str(o, "\r\n");
}

static size_t cut_at(const Reply *p) {
  size_t at = p->at > 0 ? p->at : p->body.len / 2;
  return at < p->body.len ? at : p->body.len;
}

/* The whole reply is in c->out: the connection may take its next request. */
static void finish(Conn *c, Exchange *x, int close) {
  c->busy = NULL;
  exchange_end(c->server, x);
  if (close) c->close_when_sent = true;
  conn_flush(c);
  if (!c->dead && !close) http1_read(c);
}

static void in_a_moment(Conn *c, Exchange *x, int phase) {
  conn_flush(c);
  if (!c->dead) exchange_later(c->server, x, phase, 5000000);   /* so that the client sees the bytes first */
}

static void drip(Conn *c, Exchange *x) {
  Reply *p = &x->reply;
  size_t step = p->step > 0 ? p->step : 1, left = p->body.len - x->sent;
  if (step > left) step = left;
  buf_add(&c->out, p->body.ptr + x->sent, step);
  x->sent += step;
  if (x->sent == p->body.len) {
    finish(c, x, c->ended);
    return;
  }
  conn_flush(c);
  if (!c->dead) exchange_later(c->server, x, PHASE_DRIP, (uint64_t)(p->step_ms ? p->step_ms : 10) * 1000000u);
}

static void send_broken(Conn *c, Exchange *x) {
  Reply *p = &x->reply;
  const char *body = p->body.len > 0 ? p->body.ptr : "";
  switch (p->wire) {
    case WIRE_RESET: conn_reset(c); return;
    case WIRE_RESET_HEAD:
      buf_str(&c->out, "HTTP/1.1 200 OK\r\ncontent-ty");
      in_a_moment(c, x, PHASE_RESET);
      return;
    case WIRE_RESET_BODY: case WIRE_CUT_BODY:
      put_head(c, p, (int64_t)p->body.len);
      buf_add(&c->out, body, cut_at(p));
      in_a_moment(c, x, p->wire == WIRE_RESET_BODY ? PHASE_RESET : PHASE_CLOSE);
      return;
    case WIRE_CUT_CHUNK:
      put_head(c, p, -1);
      put_chunk(&c->out, body, cut_at(p));
      in_a_moment(c, x, PHASE_CLOSE);
      return;
    case WIRE_LONG_LENGTH: case WIRE_SHORT_LENGTH:
      put_head(c, p, (int64_t)p->body.len + (p->wire == WIRE_LONG_LENGTH ? 1000 : -(int64_t)(p->body.len / 2)));
      buf_add(&c->out, body, p->body.len);
      in_a_moment(c, x, PHASE_CLOSE);
      return;
    case WIRE_GARBAGE:
      buf_str(&c->out, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
      in_a_moment(c, x, PHASE_CLOSE);
      return;
    case WIRE_RESTART: loop_restart(c->server, p->step_ms); return;
    default: return;   /* WIRE_HANG: nothing, until the client has had enough */
  }
}

static void send_chunked(Conn *c, const Reply *p) {
  put_head(c, p, -1);
  for (size_t at = 0, n; at < p->body.len; at += n) {
    n = p->body.len - at < 100 ? p->body.len - at : 100;
    put_chunk(&c->out, p->body.ptr + at, n);
  }
  buf_str(&c->out, "0\r\n\r\n");
}

static void send_reply(Conn *c, Exchange *x) {
  Reply *p = &x->reply;
  switch (p->wire) {
    case WIRE_CHUNKED: send_chunked(c, p); break;
    case WIRE_SLOW:
      put_head(c, p, (int64_t)p->body.len);
      drip(c, x);
      return;
    case WIRE_HINTS: buf_str(&c->out, "HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n");   /* fallthrough */
    case WIRE_PLAIN: case WIRE_CLOSE: case WIRE_CLOSE_SILENT: case WIRE_UNTIL_CLOSE: case WIRE_GOAWAY:
      put_head(c, p, p->wire == WIRE_UNTIL_CLOSE ? -1 : (int64_t)p->body.len);
      if (p->body.len > 0) buf_add(&c->out, p->body.ptr, p->body.len);
      break;
    default:
      send_broken(c, x);
      return;
  }
  finish(c, x, c->ended || (p->wire != WIRE_PLAIN && p->wire != WIRE_CHUNKED && p->wire != WIRE_HINTS));
}

void http1_due(Conn *c, Exchange *x) {
  switch (x->phase) {
    case PHASE_SEND: send_reply(c, x); break;
    case PHASE_DRIP: drip(c, x); break;
    case PHASE_RESET: conn_reset(c); break;
    default: conn_close(c);
  }
}
