// SPDX-License-Identifier: Apache-2.0
// Certificates that must be believed and that must not be: a TLS server with a certificate made for each
// test.
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "unit/runtime/web_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using ports::FetchFault;

namespace {

struct Certificate {
  explicit Certificate(const std::string& name, long valid_from_s = -3600, long valid_until_s = 3600) {
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 7);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), valid_until_s);
    X509_set_pubkey(x509.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(x509.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"),
                               -1, -1, 0);
    X509_set_issuer_name(x509.get(), subject);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
    X509_add_ext(x509.get(), names, -1);
    X509_EXTENSION_free(names);
    REQUIRE(X509_sign(x509.get(), key.get(), EVP_sha256()) > 0);
  }
  // In a file of its own, to be trusted; removed with this.
  std::string file() {
    const int fd = ::mkstemp(path.data());
    REQUIRE(fd >= 0);
    FILE* out = ::fdopen(fd, "w");
    PEM_write_X509(out, x509.get());
    std::fclose(out);
    return path;
  }
  ~Certificate() { ::unlink(path.c_str()); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string path = std::filesystem::temp_directory_path() / "aldis-fetch-ca-XXXXXX";
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> x509{X509_new(), &X509_free};
};

// Serves one connection after the other, one request each.
class TlsServer {
 public:
  TlsServer(const Certificate& certificate, int version_max)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    SSL_CTX_use_certificate(context_.get(), certificate.x509.get());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key.get());
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), version_max);
    SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    thread_ = std::thread{[this] {
      sigset_t broken_pipe;  // a client that dislikes the certificate has gone before it is written to
      sigemptyset(&broken_pipe);
      sigaddset(&broken_pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
      run();
    }};
  }
  ~TlsServer() {
    ::shutdown(fd_, SHUT_RDWR);  // accept() fails
    thread_.join();
    ::close(fd_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port = 0;
  std::atomic<int> requests{0};

 private:
  void run() {
    for (int fd = ::accept(fd_, nullptr, nullptr); fd >= 0; fd = ::accept(fd_, nullptr, nullptr)) {
      SSL* ssl = SSL_new(context_.get());
      SSL_set_fd(ssl, fd);
      std::array<char, 4096> octets{};
      if (SSL_accept(ssl) == 1 && SSL_read(ssl, octets.data(), static_cast<int>(octets.size())) > 0) {
        ++requests;
        const std::string out = "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n";
        SSL_write(ssl, out.data(), static_cast<int>(out.size()));
        SSL_shutdown(ssl);
      }
      SSL_free(ssl);
      ::close(fd);
    }
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int fd_;
  std::thread thread_;
};

// What becomes of a request to https://hooks.example with this certificate.
ports::FetchAnswer call(Certificate& certificate, bool trusted, int version_max = TLS1_3_VERSION) {
  TlsServer server{certificate, version_max};
  FetchSettings settings;
  settings.resolve = [](const std::string&) -> Result<std::vector<IpAddress>, std::string> {
    return std::vector<IpAddress>{*IpAddress::parse("127.0.0.1")};
  };
  if (trusted) { settings.ca_file = certificate.file(); }
  TestLoop t;
  FetchThread fetch{t.loop, settings};
  auto policy = std::make_shared<ports::FetchPolicy>();
  policy->ports = {server.port};
  policy->allow_networks = *AddressList::parse({"127.0.0.0/8"});
  ports::FetchRequest request;
  request.method = "GET";
  request.url = "https://hooks.example:" + std::to_string(server.port) + "/in?token=secret";
  request.policy = policy;
  std::optional<ports::FetchAnswer> got;
  fetch.start(request, [&](const Now&, ports::FetchAnswer&& answer) { got = std::move(answer); });
  REQUIRE(t.run_until([&] { return got.has_value(); }));
  CHECK(server.requests == (got->error ? 0 : 1));  // nothing leaves before the certificate is believed
  return *got;
}

}  // namespace

TEST_CASE("a certificate is believed when it is trusted, names the host and is valid now", "[B1]") {
  Certificate good{"hooks.example"};
  CHECK(call(good, true).status == 204);
}

TEST_CASE("any other certificate ends the call before a request leaves, and the text says what is wrong",
          "[B1]") {
  const auto refused = [](Certificate&& certificate, bool trusted, const std::string& why) {
    const auto answer = call(certificate, trusted);
    REQUIRE(answer.error);
    INFO(answer.error->text);
    CHECK(answer.error->fault == FetchFault::kTls);
    CHECK(answer.error->text.find(why) != std::string::npos);
    CHECK(answer.error->text.find("secret") == std::string::npos);
  };
  refused(Certificate{"hooks.example"}, false, "self-signed");
  refused(Certificate{"other.example"}, true, "no alternative certificate subject name matches");
  refused(Certificate{"hooks.example", -7200, -3600}, true, "expired");
  refused(Certificate{"hooks.example", 3600, 7200}, true, "not yet valid");
}

TEST_CASE("TLS before 1.2 is not spoken", "[B1]") {
  Certificate good{"hooks.example"};
  const auto answer = call(good, true, TLS1_1_VERSION);
  REQUIRE(answer.error);
  CHECK(answer.error->fault == FetchFault::kTls);
}
