trigger UserChanges on User(after insert, after update) {
    RecordChangePublisher.publish('User', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
