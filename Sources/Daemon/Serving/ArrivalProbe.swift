internal import NIOCore

/// Tells ``ConnectionGuard`` of bytes before they are parsed: a head that never ends reaches no handler
/// behind the parser.
final class ArrivalProbe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionGuard

    init(of connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.bytesArrived()
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        connection.bytesParsed(context: context)
    }
}
