#include "server.h"
void batch_anthropic(Server *s, const Request *r, Span path, Reply *p) { (void)r; (void)path; api_error(s, ANTHROPIC, p, 404, "not_found_error", NULL, NULL, "Not found"); }
void batch_openai(Server *s, const Request *r, Span path, Reply *p) { (void)r; (void)path; api_error(s, OPENAI, p, 404, "not_found_error", NULL, NULL, "Not found"); }
void batch_free(Server *s) { (void)s; }
