trigger AccountChanges on Account(after insert, after update, after delete, after undelete) {
    RecordChangePublisher.publish('Account', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
