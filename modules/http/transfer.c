/* modules/http/transfer.c - one request on one easy handle: options, callbacks, and what came of it. */
#ifdef HAVE_CURL
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

enum { KEPT_BYTES = 64 * 1024, ERROR_SHORTEST = SECRET_GRAM, BODY_SHORTEST = 16, STATUS_ERROR = 400,
       UPLOAD_BYTES = 16384 };   /* the least that libcurl takes */

/* ---- callbacks: none may raise, all return quickly ---- */

static size_t fail(Transfer *t, HttpFault fault) {
  t->fault = fault;
  return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg) {
  Transfer *t = arg;
  size_t len = size * n, cap = t->request->max_reply_bytes;
  if (cap > 0 && (t->body.len > cap || len > cap - t->body.len)) return fail(t, HTTP_TOO_LARGE);
  long status = 0;
  if (t->request->to_file != NULL) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) {
    if (t->file == NULL) t->file = file_create(t->request->to_file, 0600, &t->file_error);
    if (t->file == NULL || file_write(t->file, bytes, len, &t->file_error) != 0) return fail(t, HTTP_FILE);
    return len;
  }
  return buf_add(&t->body, bytes, len) == 0 ? len : fail(t, HTTP_MEMORY);
}

/* Keeps "name\0value\0" of the headers that were asked for; a new status line (after a 100) starts over. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg) {
  Transfer *t = arg;
  Http *h = t->client;
  size_t len = size * n;
  t->headed = 1;
  if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) t->heads.len = 0;
  const char *colon = memchr(bytes, ':', len);
  if (colon == NULL) return len;
  size_t name = (size_t)(colon - bytes), from = name + 1, to = len;
  while (from < to && (bytes[from] == ' ' || bytes[from] == '\t')) from++;
  while (to > from && (unsigned char)bytes[to - 1] <= ' ') to--;
  if (memchr(bytes + from, '\0', to - from) != NULL || t->heads.len + len > KEPT_BYTES) return len;
  for (size_t i = 0; i < h->nkeep; i++) {
    if (strlen(h->keep[i]) != name || strncasecmp(h->keep[i], bytes, name) != 0) continue;
    if (buf_add(&t->heads, h->keep[i], name + 1) != 0 || buf_add(&t->heads, bytes + from, to - from) != 0 ||
        buf_char(&t->heads, '\0') != 0)
      return fail(t, HTTP_MEMORY);
    break;
  }
  return len;
}

/* Called when a connection stands ready. A second time means that the first one broke and libcurl
** would send the request again: a server may have done, and billed, the first. */
static int on_ready(void *arg, char *ip, char *local, int port, int local_port) {
  Transfer *t = arg;
  (void)ip, (void)local, (void)port, (void)local_port;
  if (t->asked++ == 0) return CURL_PREREQFUNC_OK;
  t->fault = HTTP_RESET;
  return CURL_PREREQFUNC_ABORT;
}

/* The last word on an address: behind the resolver, so that no spelling and no changing answer gets by. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a) {
  Transfer *t = arg;
  Http *h = t->client;
  AddressKind kind = address_kind(&a->addr);
  if (purpose != CURLSOCKTYPE_IPCXN || (kind != ADDRESS_PUBLIC && !h->opt.allow_private && h->proxy == NULL)) {
    t->refused = kind;
    return CURL_SOCKET_BAD;
  }
  h->stats.connections++;
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- setting up ---- */

static void set_protocols(CURL *e) {
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void set_callbacks(Transfer *t) {
  CURL *e = t->easy;
  curl_easy_setopt(e, CURLOPT_PRIVATE, (void *)t);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->text);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_ready);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, (void *)t);
}

static void set_client(CURL *e, const Http *h) {
  const HttpOptions *o = &h->opt;
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_USERAGENT, "tamis/" TAMIS_VERSION);
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");      /* decodes what comes; the header asks for none */
  curl_easy_setopt(e, CURLOPT_PROXY, h->proxy != NULL ? h->proxy : "");   /* "": the environment's do not count */
  curl_easy_setopt(e, CURLOPT_NOPROXY, "");
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)(o->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, (long)(o->http2 && h->trust != NULL));
  curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
  if (o->buffer_bytes > 0) curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)o->buffer_bytes);
  if (o->connect_timeout_s > 0) curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout_s * 1000));
  if (o->timeout_s > 0) curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(o->timeout_s * 1000));
  if (o->low_speed_s > 0) {
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, o->low_speed_bytes);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, o->low_speed_s);
  }
  if (h->trust == NULL) return;
  curl_easy_setopt(e, CURLOPT_CAINFO, NULL);             /* the store of trust.c is all there is */
  curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, trust_apply);
  curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, h->trust);
}

static Transfer *transfer_new(Http *h, Error *err) {
  Transfer *t = calloc(1, sizeof *t);
  CURL *e = t != NULL ? curl_easy_init() : NULL;
  if (e == NULL) {
    free(t);
    error_memory(err);
    return NULL;
  }
  t->easy = e;
  t->client = h;
  set_protocols(e);
  set_callbacks(t);
  set_client(e, h);
  return t;
}

static int set_parts(Transfer *t, const Request *r) {
  t->mime = curl_mime_init(t->easy);
  if (t->mime == NULL) return -1;
  for (size_t i = 0; i < r->nparts; i++) {
    const HttpPart *p = &r->part[i];
    curl_mimepart *part = curl_mime_addpart(t->mime);
    if (part == NULL || curl_mime_name(part, p->name) != CURLE_OK) return -1;
    CURLcode code = p->file != NULL ? curl_mime_filedata(part, p->file)
                                    : curl_mime_data(part, p->body.ptr, p->body.len);
    if (code != CURLE_OK) return -1;
    if (p->filename != NULL && curl_mime_filename(part, p->filename) != CURLE_OK) return -1;
    if (p->content_type != NULL && curl_mime_type(part, p->content_type) != CURLE_OK) return -1;
  }
  return curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime) == CURLE_OK ? 0 : -1;
}

/* The method last: the options of a body set one of their own. */
static int set_request(Transfer *t, const Request *r) {
  CURL *e = t->easy;
  curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(e, CURLOPT_MIMEPOST, NULL);
  curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
  if (r->nparts > 0) {
    if (set_parts(t, r) != 0) return -1;
  } else if (r->body.ptr != NULL || strcmp(r->method, "POST") == 0) {
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body.ptr != NULL ? r->body.ptr : "");
  }
  int plain = strcmp(r->method, "GET") == 0 || strcmp(r->method, "POST") == 0;
  curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, plain ? NULL : r->method);
  curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_reply_bytes);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, (struct curl_slist *)(void *)r->line);
  return curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK ? 0 : -1;
}

static void slim(Transfer *t) {
  t->uploading = 0;
  t->client->uploading--;
  curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);   /* setting it frees the old one */
}

/* Those in flight lie newest first, and a body is sent soon: the walk ends where none is left. */
void transfers_slim(Http *h) {
  for (Transfer *t = h->flying; t != NULL && h->uploading > 0; t = t->next) {
    curl_off_t up = 0;
    if (!t->uploading || t->asked == 0) continue;
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    if (up >= (curl_off_t)t->request->body.len) slim(t);
  }
}

static void reset(Transfer *t) {
  if (t->uploading) slim(t);
  if (t->mime != NULL) {
    curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, NULL);
    curl_mime_free(t->mime);
  }
  t->mime = NULL;
  t->request = NULL;
  t->asked = t->headed = 0;
  t->refused = ADDRESS_PUBLIC;
  t->fault = HTTP_OK;
  t->file_error.text[0] = t->text[0] = '\0';
  buf_free(&t->body);
  buf_free(&t->heads);
  if (t->file != NULL) file_abort(t->file);
  t->file = NULL;
}

static void to_idle(Transfer *t) {
  Http *h = t->client;
  reset(t);
  t->prev = NULL;
  t->next = h->idle;
  h->idle = t;
}

int transfer_start(Http *h, Request *r, double now, Error *err) {
  Transfer *t = h->idle;
  if (t != NULL) h->idle = t->next;
  else if ((t = transfer_new(h, err)) == NULL) return -1;
  t->request = r;
  t->started = now;
  if (set_request(t, r) != 0 || curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
    to_idle(t);
    return error_memory(err);
  }
  t->prev = NULL;
  t->next = h->flying;
  if (h->flying != NULL) h->flying->prev = t;
  h->flying = t;
  h->in_flight++;
  r->sends++;
  if (h->trust != NULL && r->body.len > 0) t->uploading = 1, h->uploading++;
  return 0;
}

/* ---- what came of it ---- */

static HttpFault fault_of(const Transfer *t, CURLcode code, long status) {
  HttpFault cut = t->headed && status >= 200 ? HTTP_PARTIAL : HTTP_RESET;
  if (t->fault != HTTP_OK) return t->fault;
  switch (code) {
  case CURLE_OK: return HTTP_OK;
  case CURLE_OPERATION_TIMEDOUT: return HTTP_TIMEOUT;
  case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_RESOLVE_PROXY: return HTTP_RESOLVE;
  case CURLE_COULDNT_CONNECT: case CURLE_PROXY: return t->refused != ADDRESS_PUBLIC ? HTTP_FORBIDDEN : HTTP_CONNECT;
  case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_ISSUER_ERROR: case CURLE_SSL_INVALIDCERTSTATUS:
    return HTTP_CERTIFICATE;
  case CURLE_SSL_CONNECT_ERROR: case CURLE_SSL_CIPHER: case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_CACERT_BADFILE:
  case CURLE_USE_SSL_FAILED: case CURLE_SSL_ENGINE_INITFAILED: return HTTP_TLS;
  case CURLE_UNSUPPORTED_PROTOCOL:   /* also what HTTP/0.9 is called */
    return t->asked > 0 ? HTTP_PROTOCOL : HTTP_FORBIDDEN;
  case CURLE_URL_MALFORMAT: return HTTP_FORBIDDEN;
  case CURLE_FILESIZE_EXCEEDED: return HTTP_TOO_LARGE;
  case CURLE_OUT_OF_MEMORY: return HTTP_MEMORY;
  case CURLE_READ_ERROR: return HTTP_FILE;
  case CURLE_SEND_ERROR: case CURLE_RECV_ERROR: case CURLE_GOT_NOTHING: case CURLE_PARTIAL_FILE:
  case CURLE_HTTP2: case CURLE_HTTP2_STREAM: case CURLE_SEND_FAIL_REWIND: case CURLE_ABORTED_BY_CALLBACK: return cut;
  default: return t->asked > 0 ? HTTP_PROTOCOL : HTTP_CONNECT;
  }
}

/* A proxy that the environment names and we ignore, which is the first thing to know where a
** connection cannot be made. */
static const char *ignored_proxy(const Http *h) {
  static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy",
                                       "ALL_PROXY" };
  int https = h->origin.scheme[4] == 's';
  for (size_t i = h->proxy != NULL ? 6 : https ? 0 : 2; i < 6; i++) {
    if (https && (i == 2 || i == 3)) continue;
    const char *v = getenv(names[i]);
    if (v != NULL && *v != '\0') return names[i];
  }
  return NULL;
}

static const char *reason(const Transfer *t, CURLcode code, HttpFault fault, size_t cap, char room[160]) {
  switch (fault) {
  case HTTP_FORBIDDEN:
    if (t->refused == ADDRESS_PUBLIC) break;
    snprintf(room, 160, "its address is %s, and nothing in the user's configuration allows that",
             address_word(t->refused));
    return room;
  case HTTP_TOO_LARGE:
    snprintf(room, 160, "the reply is longer than %zu bytes", cap);
    return room;
  case HTTP_MEMORY: return "not enough memory";
  case HTTP_FILE: return t->file_error.text[0] != '\0' ? t->file_error.text : "a file to send cannot be read";
  case HTTP_RESET:
    if (t->asked > 1) return "the connection broke before a reply came; the request is not sent twice by itself";
    break;
  default: break;
  }
  return t->text[0] != '\0' ? t->text : curl_easy_strerror(code);
}

static void word(Transfer *t, CURLcode code, Reply *out) {
  const Http *h = t->client;
  char origin[URL_ORIGIN], room[160];
  HttpFault fault = out->pub.fault;
  url_origin(&h->origin, origin);
  int bad = buf_printf(&out->message, "%s: %s", origin, reason(t, code, fault, t->request->max_reply_bytes, room));
  const char *proxy = ignored_proxy(h);
  int unreached = fault == HTTP_RESOLVE || fault == HTTP_CONNECT || (fault == HTTP_TIMEOUT && t->asked == 0);
  if (bad == 0 && unreached && proxy != NULL)
    buf_printf(&out->message, " (%s is set in the environment and was ignored: a proxy is named in the configuration)",
               proxy);
  if (buf_char(&out->message, '\0') != 0) buf_free(&out->message);
  if (out->message.ptr != NULL) secret_scrub(&h->secret, out->message.ptr, out->message.len, ERROR_SHORTEST);
  out->pub.message = out->message.ptr != NULL ? out->message.ptr : "not enough memory";
}

/* heads holds "name\0value\0"…; the array points into it. */
static void list_headers(const Http *h, Reply *out) {
  size_t n = 0;
  for (size_t i = 0; i < out->heads.len; i++) n += out->heads.ptr[i] == '\0';
  n /= 2;
  out->header = n > 0 ? malloc(n * sizeof *out->header) : NULL;
  if (out->header == NULL) return;
  char *p = out->heads.ptr;
  for (size_t i = 0; i < n; i++) {
    char *name = p, *value = p + strlen(p) + 1;
    secret_scrub(&h->secret, value, strlen(value), ERROR_SHORTEST);
    out->header[i] = (HttpHeader){ name, value };
    p = value + strlen(value) + 1;
  }
  out->pub.header = out->header;
  out->pub.nheaders = n;
}

static HttpFault close_file(Transfer *t, HttpFault fault, long status) {
  if (t->request->to_file == NULL || fault != HTTP_OK || status < 200 || status >= 300) return fault;
  if (t->file == NULL) t->file = file_create(t->request->to_file, 0600, &t->file_error);   /* an empty body */
  if (t->file == NULL) return HTTP_FILE;
  FileWriter *file = t->file;
  t->file = NULL;
  return file_finish(file, NULL, &t->file_error) == 0 ? HTTP_OK : HTTP_FILE;
}

static void leave(Transfer *t) {
  Http *h = t->client;
  curl_multi_remove_handle(h->multi, t->easy);
  if (t->prev != NULL) t->prev->next = t->next;
  else h->flying = t->next;
  if (t->next != NULL) t->next->prev = t->prev;
  h->in_flight--;
}

void transfer_finish(Transfer *t, CURLcode code, double now, Reply *out) {
  Http *h = t->client;
  curl_off_t up = 0, down = 0;
  long status = 0, version = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
  leave(t);
  HttpFault fault = close_file(t, fault_of(t, code, status), status);
  *out = (Reply){ .request = t->request, .sent_at = t->started, .body = t->body, .heads = t->heads };
  t->body = t->heads = (Buf){ 0 };
  out->pub = (HttpReply){
    .id = t->request->item.id, .status = status, .fault = fault, .body = buf_span(&out->body),
    .elapsed_s = now - t->started, .bytes_sent = (uint64_t)up, .bytes_received = (uint64_t)down, .sent = t->asked > 0,
    .http_version = version == CURL_HTTP_VERSION_1_0 ? 10 : version == CURL_HTTP_VERSION_1_1 ? 11
                    : version == CURL_HTTP_VERSION_2_0 ? 20 : 0,
    .sends = t->request->sends,
  };
  if (fault != HTTP_OK) word(t, code, out);
  if (out->body.ptr != NULL)
    secret_scrub(&h->secret, out->body.ptr, out->body.len, status >= STATUS_ERROR ? ERROR_SHORTEST : BODY_SHORTEST);
  list_headers(h, out);
  h->stats.sent += t->asked > 0;
  h->stats.bytes_sent += (uint64_t)up;
  h->stats.bytes_received += (uint64_t)down;
  to_idle(t);
}

void transfer_drop(Transfer *t) {
  leave(t);
  request_free(t->request);
  to_idle(t);
}

void transfer_free(Transfer *t) {
  curl_easy_cleanup(t->easy);
  free(t);
}
#else
typedef int transfer_without_curl;
#endif
