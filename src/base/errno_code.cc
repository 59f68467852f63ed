// SPDX-License-Identifier: Apache-2.0
#include "base/errno_code.h"

#include <cerrno>
#include <system_error>

namespace walchen::base {

ErrorCode CodeOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kPermissionDenied;
    case EEXIST:
    case ENOTEMPTY: return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorCode::kResourceExhausted;
    case EISDIR: return ErrorCode::kInvalidArgument;
    default: return ErrorCode::kIo;
  }
}

std::string LastError() { return std::generic_category().message(errno); }

}  // namespace walchen::base
