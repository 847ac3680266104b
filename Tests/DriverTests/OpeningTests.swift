import Foundation
import Host
import TestSupport
import Testing

/// Opening a store that must exist makes nothing.
@Suite struct OpeningTests {
    /// A folder with nothing in it, and a store that would lie two folders below.
    private struct Absent {
        let folder: TemporaryFolder
        let specification: StoreSpecification

        init(_ driver: BuiltDriver) throws {
            folder = try TemporaryFolder()
            specification = driver.specification(at: "\(folder.path)/deep/place", name: "s1")
        }

        func open(mustExist: Bool) throws -> Store {
            try Place.host().open(specification, mustExist: mustExist, anyCall())
        }

        /// Every name in the folder, folders too.
        var names: [String] {
            let all = FileManager.default.enumerator(atPath: folder.path)
            return (all?.allObjects as? [String] ?? ["unreadable"]).sorted()
        }
    }

    @Test(arguments: BuiltDriver.all)
    func anAbsentStoreIsNotFoundAndNotMade(driver: BuiltDriver) throws {
        let absent = try Absent(driver)
        let error = failure { _ = try absent.open(mustExist: true) }
        #expect(error?.code == .notFound)
        #expect(error?.store == "s1")
        #expect(error?.driver == driver.id)
        #expect(error?.message.contains("\(absent.folder.path)/deep/place") == true)
        #expect(error?.advice.isEmpty == false)
        #expect(absent.names == [])
    }

    @Test(arguments: BuiltDriver.all)
    func aStoreThatIsThereOpensAsUsual(driver: BuiltDriver) throws {
        let absent = try Absent(driver)
        let maker = try absent.open(mustExist: false)
        let info = try maker.put(key("x"), [1], condition: .absent, anyCall())
        // Beside the store that made it, and after it.
        for isAlone in [false, true] {
            if isAlone { maker.close(anyCall()) }
            let store = try absent.open(mustExist: true)
            #expect(try store.head(key("x"), anyCall()) == info)
            let other = key("other-\(isAlone)")
            _ = try store.put(other, [2], condition: .absent, anyCall())
            try store.remove(other, condition: .none, anyCall())
            store.close(anyCall())
        }
    }

    @Test(arguments: BuiltDriver.all)
    func aStoreThatWasMadeAndNeverWrittenToIsThere(driver: BuiltDriver) throws {
        let absent = try Absent(driver)
        try absent.open(mustExist: false).close(anyCall())
        let store = try absent.open(mustExist: true)
        #expect(try store.list(Listing(collection: "things"), anyCall()).isEmpty)
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func aFileInTheWayIsNoAbsence(driver: BuiltDriver) throws {
        let absent = try Absent(driver)
        try absent.folder.write("x", to: "deep")
        let error = failure { _ = try absent.open(mustExist: true) }
        #expect(error != nil && error?.code != .notFound)
        #expect(absent.names == ["deep"])
    }
}
