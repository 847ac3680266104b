internal import SharedHTTP

/// What is done, and with which right.
struct Action {
    /// The action's name in the service's reference.
    let name: String
    /// The permission that it needs.
    let permission: String
    /// Whether it changes what is stored.
    let isWrite: Bool

    /// Whether the body is content; elsewhere a checksum would be taken for that of the whole object.
    let sendsContent: Bool

    private init(
        _ name: String, _ permission: String, isWrite: Bool = false, sendsContent: Bool = false
    ) {
        self.name = name
        self.permission = permission
        self.isWrite = isWrite
        self.sendsContent = sendsContent
    }

    static let head = Action("HeadObject", "s3:GetObject")
    static let get = Action("GetObject", "s3:GetObject")
    static let put = Action("PutObject", "s3:PutObject", isWrite: true, sendsContent: true)
    static let delete = Action("DeleteObject", "s3:DeleteObject", isWrite: true)
    static let list = Action("ListObjectsV2", "s3:ListBucket")
    static let versions = Action("ListObjectVersions", "s3:ListBucketVersions")
    static let uploads = Action("ListMultipartUploads", "s3:ListBucketMultipartUploads")
    // Nobody sees an upload before it is complete.
    static let begin = Action("CreateMultipartUpload", "s3:PutObject")
    static let part = Action("UploadPart", "s3:PutObject", sendsContent: true)
    static let complete = Action("CompleteMultipartUpload", "s3:PutObject", isWrite: true)
    static let abort = Action("AbortMultipartUpload", "s3:AbortMultipartUpload")
    static let createBucket = Action("CreateBucket", "s3:CreateBucket", isWrite: true)
}

/// A request to the service, without its signature.
struct ServiceRequest {
    let action: Action
    let method: String
    /// The object's key; empty for the bucket itself.
    var key = ""
    var query: [(String, String)] = []
    var headers: [(name: String, value: String)] = []
    var body = HTTPRequest.Body.none
    /// The hash of a body in memory, where it is known already.
    var payloadHash: String?
    /// Whether many bytes come or go.
    var isBulk = false
    /// The key that messages name instead.
    var shown: String?

    init(_ action: Action, _ method: String, key: String = "") {
        self.action = action
        self.method = method
        self.key = key
    }
}
