"""What is not the program's own in Swift and Objective-C: the system, and frameworks of others.

In: an image, a function, a file, as they are printed. Out: whether they are a library's.
"""

from __future__ import annotations

import re

_IMAGE = re.compile(
    r"lib\w[\w.+-]*(?:\.dylib|\.so[\d.]*)$|libswift|libsystem|dyld|\?\?\?$|Firebase|Google"
)
_IMAGES = frozenset(
    """
    Foundation CoreFoundation UIKit UIKitCore UIFoundation AppKit SwiftUI SwiftUICore Combine
    AttributeGraph GraphicsServices QuartzCore CoreData CoreAutoLayout CFNetwork Network
    Security WebKit WebKitLegacy WebCore JavaScriptCore AVFoundation AVFCore AVKit CoreMedia
    CoreAudio CoreVideo AudioToolbox MediaToolbox CoreGraphics CoreText CoreImage ImageIO
    CoreLocation CoreBluetooth CoreMotion CoreTelephony CoreML Vision MapKit StoreKit GameKit
    SpriteKit SceneKit RealityKit ARKit Metal MetalKit MetalPerformanceShaders HIToolbox
    SkyLight FrontBoardServices BaseBoard BoardServices RunningBoardServices ShareSheet Photos
    PhotosUI UserNotifications WidgetKit NetworkExtension CloudKit HealthKit HomeKit EventKit
    Contacts ContactsUI MessageUI PDFKit ExtensionFoundation ExtensionKit XCTest XCTestCore
    Accelerate PencilKit TextInput TextInputUI Alamofire AFNetworking SDWebImage Kingfisher
    RxSwift RxCocoa Realm RealmSwift Sentry Crashlytics hermes React Flutter UnityFramework GRDB
    Lottie SnapKit Starscream Moya
    """.split()  # noqa: SIM905 - a list of words is read as one
)
_FUNCTION = re.compile(
    r"(?:specialized |static )?(?:_assertionFailure|_fatalError|_precondition|assertionFailure|"
    r"fatalError|swift_|_swift|swift::|objc_|_objc_|__exceptionPreprocess|_?_?pthread_|abort|raise|"
    r"UIApplicationMain|NSApplicationMain|_?dispatch_|_?CFRunLoop|__CF|_?start$|"
    r"closure #\d+ in _assertionFailure|Swift runtime failure|__libc_start|-\[(?:NS|UI|CA)[A-Z])"
)


def is_of_library(image: str | None, function: str | None, file: str | None) -> bool:
    """Whether a frame is not the program's own."""
    if image:
        return image in _IMAGES or _IMAGE.match(image) is not None
    if file is not None:
        return file.startswith(("Swift/", "/AppleInternal/", "/Library/Caches/"))
    return function is None or _FUNCTION.match(function) is not None
