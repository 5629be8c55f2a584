# SPDX-License-Identifier: ISC
#
# Building for macOS elsewhere: tools/check-macos calls CMake with it.
# MACOS_ROOT: bin/ with cc, ar and ranlib, include/, lib/. MACOS_ARCH: of those
# tools, arm64 or x86_64.

set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR ${MACOS_ARCH})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MACOS_ROOT MACOS_ARCH)

set(CMAKE_C_COMPILER ${MACOS_ROOT}/bin/cc)
# Assertions stay in, whatever Zig makes of -O2.
set(CMAKE_C_FLAGS_INIT "-UNDEBUG")
set(CMAKE_AR ${MACOS_ROOT}/bin/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${MACOS_ROOT}/bin/ranlib CACHE FILEPATH "")
# Nothing here is installed, so no name is ever changed.
set(CMAKE_INSTALL_NAME_TOOL ${MACOS_ROOT}/bin/none CACHE FILEPATH "")
# The compiler knows its headers and its target.
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(CMAKE_OSX_ARCHITECTURES "" CACHE STRING "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")

set(CMAKE_FIND_ROOT_PATH ${MACOS_ROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
